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
    "pii.nothing_to_try": _("Today’s rules count already, so there is nothing to try. Choose something first."),
    "pii.never_scanned": _("This dataset was never scanned, so nothing is known that could change. Scan it first."),
    "pii.own_label": _("Say in a few plain words what it is, such as “Employee number”: at most %(most)s characters."),
    "pii.own_label_taken": _("Another recogniser is called that already. Choose another name."),
    "pii.own_too_many": _("There are %(most)s recognisers already, as many as there may be. Take one away first."),
    "pii.own_patterns": _("Give one to %(most)s patterns."),
    "pii.own_words": _(
        "Give at most %(most)s names of columns for each language, each of letters and digits and at most %(longest)s "
        "characters long."
    ),
    "pii.own_check": _("There is no such check of digits. Choose one of: %(possible)s."),
    "pii.own_score": _("Say between 0.05 and 1 how much a match proves."),
    "pii.own_needs_words": _(
        "A match that proves little counts only under a column’s name that says so. Give at least one such name."
    ),
    "pii.pattern_too_long": _("The pattern is longer than %(most)s characters. Divide it into several."),
    "pii.pattern_unprintable": _("The pattern is empty or holds characters that cannot be seen."),
    "pii.pattern_empty": _(
        "The pattern matches where nothing stands, so it would match everywhere. Say what has to be there at least."
    ),
    "pii.pattern_too_wide": _(
        "The pattern matches %(share)s %% of ordinary values, such as words, dates and amounts. Say more of what it "
        "must look like."
    ),
    "pii.pattern_refused": _("The pattern cannot be understood. Write it more simply."),
    "pii.pattern_deep": _("At character %(at)s (%(piece)s) brackets are nested too deeply."),
    "pii.pattern_too_long_match": _(
        "The pattern could match more than 256 characters, or is too costly to look for. Repeat less: write {1,8}, "
        "say, where + stands."
    ),
    "pii.pattern_look_around": _(
        "At character %(at)s (%(piece)s) the pattern looks around, which can take very long. A match is only counted "
        "where it stands alone, so this is hardly needed."
    ),
    "pii.pattern_look_back": _(
        "At character %(at)s (%(piece)s) the pattern refers back to what it matched, which can take very long. Write "
        "out what may stand there."
    ),
    "pii.pattern_group": _("At character %(at)s (%(piece)s): after ( only ?: is understood, and it is not needed."),
    "pii.pattern_unclosed": _("At character %(at)s (%(piece)s) a bracket is opened and never closed."),
    "pii.pattern_unopened": _(
        "At character %(at)s (%(piece)s) a bracket is closed that was never opened. If it means itself, write "
        "\\ before it."
    ),
    "pii.pattern_repeat": _(
        "At character %(at)s (%(piece)s) there is nothing to repeat. If the mark means itself, write \\ before it."
    ),
    "pii.pattern_count": _(
        "At character %(at)s (%(piece)s): say how often as {3} or {2,5}, the smaller number first and none above 128."
    ),
    "pii.pattern_escape": _(
        "At character %(at)s (%(piece)s): what stands behind \\ means nothing. There are \\d, \\w, \\s, \\b and \\p{L}."
    ),
    "pii.pattern_empty_set": _("At character %(at)s (%(piece)s) a set in square brackets is empty."),
    "pii.pattern_set": _(
        "At character %(at)s (%(piece)s) a square bracket stands inside another. If it means itself, write "
        "\\ before it."
    ),
    "pii.pattern_range": _("At character %(at)s (%(piece)s): a range goes from a lower character to a higher one."),
    "pii.unknown_model": _("The model %(model)s is not installed here. Ask whoever runs the server to install it."),
    "pii.model_missing": _(
        "The language model that was chosen is not installed where the scan ran, or cannot be read, so names in free "
        "text were not looked for. Install it, or choose another one or none."
    ),
    "pii.names_over_budget": _("There was no time left to look for names in this column’s text."),
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
