"""What scans for personal data refuse, and what they could not look at, in words; see `portal.sentences`."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

PII: Mapping[str, object] = {
    "pii.outside_roots": _(
        "Scans may read only the folders that the server names in ATTESTRY_SCAN_ROOTS (%(roots)s). Move the file "
        "there, or ask whoever runs the server to add its folder."
    ),
    "pii.path_not_absolute": _("Give the file's whole path on the server, starting with / and without “..”."),
    "pii.not_a_file_dataset": _(
        "Lineage knows no file of this dataset: its namespace is not “file”. Give the path of its file, which somebody "
        "who classifies data can do."
    ),
    "pii.scan_under_way": _("A scan of this dataset has just begun. Look at that one."),
    "pii.moved": _("Somebody changed this since you looked. Read it again, then decide."),
    "pii.waiver_needs_reason": _("Say why, in at least ten characters: others will rely on it."),
    "pii.waiver_in_the_past": _("The waiver must end in the future."),
    "pii.waiver_too_long": _("A waiver lasts at most %(days)s days. Choose an earlier day; it can be renewed."),
    "pii.nothing_to_waive": _("This finding does not count now, so there is nothing to waive."),
    "pii.waiver_waits_already": _("A waiver of this finding waits for its decision already."),
    "pii.only_people_decide": _("Waivers are decided by people. Sign in as yourself."),
    "pii.own_waiver": _("You proposed this waiver, so another compliance officer must decide it."),
    "pii.unknown_judgement": _("A finding is either confirmed or disputed."),
    "pii.dispute_needs_reason": _("Say why this is a false alarm, in at least ten characters."),
    "pii.judged_already": _("This finding has that state already."),
    "pii.no_such_file": _("The file was not there when the scan began."),
    "pii.cannot_open": _("The server may not open the file."),
    "pii.not_a_file": _("The path is not a regular file."),
    "pii.empty_file": _("The file is empty."),
    "pii.not_text": _("The file’s name says text, but its content is not."),
    "pii.unknown_format": _("Attestry reads CSV, JSON lines, Parquet and Arrow files; this is none of them."),
    "pii.not_that_format": _("The file’s content is not what its name says."),
    "pii.broken_file": _("The file is damaged, and nothing of it could be read."),
    "pii.broken_midway": _("The file is damaged or was cut off, and only its beginning could be read."),
    "pii.broken_inside": _("The scan met something in the file that it cannot handle, and stopped."),
    "pii.changed_meanwhile": _("The file changed while it was being read. Scan it again."),
    "pii.no_rows": _("The file has no rows, so there was nothing to examine."),
    "pii.ragged_rows": _("%(count)s rows have more or fewer fields than the header and were not examined."),
    "pii.bad_lines": _("%(count)s lines are not valid JSON and were not examined."),
    "pii.line_too_long": _("%(count)s lines are longer than 4 MB and were not examined."),
    "pii.too_many_columns": _("The table has more columns than the 2,000 that a scan examines."),
    "pii.rules_count_already": _("These rules count already."),
    "pii.unknown_country": _("There is no country with the code %(codes)s. Use two letters, such as BR or ES."),
    "pii.no_country": _("Choose at least one country."),
    "pii.chosen_already": _("That is what is chosen already, so nothing changes."),
    "pii.bad_columns": _("Name one to %(quasi)s columns, and at most %(sensitive)s sensitive ones, each once."),
    "pii.no_such_column": _("The table has no such column, or it holds lists, which cannot be compared row by row."),
    "pii.bad_changes": _("Say for each column one of: %(possible)s."),
    "pii.nothing_to_change": _(
        "Nothing personal was found in this dataset, and no column was named: there is nothing to redact."
    ),
    "pii.copy_kind": _("Copies are made of single files and of tables of databases."),
    "pii.extra_missing": _("The server lacks what reads this kind of table. Ask whoever runs it to install the extra."),
    "pii.no_such_table": _("The table was not there when the scan began, or the server may not read it."),
    "pii.unknown_database": _(
        "The server names no such database. Ask whoever runs it to add it to ATTESTRY_SCAN_DATABASES."
    ),
    "pii.files_unreadable": _("%(count)s files of the table could not be read and were not examined."),
    "pii.too_much_described": _("The file’s description of itself is larger than the 16 MB that a scan takes apart."),
    "pii.over_budget": _("The table is larger than a scan may read, so only its beginning was examined."),
    "pii.too_slow": _("The scan took longer than it may and was ended."),
    "pii.too_much_memory": _("The scan’s process ended before it was done: it needed more memory than it may use."),
    "pii.child_died": _("The scan’s process ended before it was done. Scan again."),
    "pii.given_up": _("The work was given up: it failed, or its worker ended, each time it was tried. Scan again."),
    "pii.other_bytes": _("The scan looked at other bytes than those that were read. Scan the file that was."),
    "pii.scanned_before": _("The data has changed since the scan. Scan it again."),
    "pii.other_rules": _("The scan followed other rules than today’s. Scan it again."),
    "pii.long_cells": _("Some values are longer than 64 KB, and only their beginning was examined."),
    "pii.slow_values": _("Some values took a pattern longer than two seconds and were not fully examined."),
    "pii.binary_values": _("Some values are bytes that are not text and were not examined."),
    "pii.unknown_type": _("The values have a type that Attestry does not read."),
}
