"""The payments of two months: raw table, cleaned table, features. The same seed gives the same bytes.

Amounts are in US dollars. `is_fraud` follows from the features with noise, so a model can learn it; the second
month also carries `payments_last_hour`, which matters in both but was not collected in the first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from portal.demo import identifiers
from portal.demo.identifiers import Text

ROWS = 20_000
SEED = 20_260_901
SALT = b"attestry demo"
FIRST_NAMES = np.array(
    [
        "Ana",
        "Bruno",
        "Carla",
        "Diego",
        "Elena",
        "Felipe",
        "Gabriela",
        "Hugo",
        "Isabel",
        "Jorge",
        "Karina",
        "Luis",
        "Marta",
        "Nadia",
        "Oscar",
        "Paula",
        "Rafael",
        "Sofia",
        "Tomas",
        "Valeria",
        "Alice",
        "Brian",
        "Claire",
        "Daniel",
        "Emma",
        "Frank",
        "Grace",
        "Henry",
        "Irene",
        "James",
    ]
)
LAST_NAMES = np.array(
    [
        "Almeida",
        "Barbosa",
        "Castro",
        "Duarte",
        "Esteves",
        "Fernandez",
        "Garcia",
        "Herrera",
        "Ibarra",
        "Jimenez",
        "Lopez",
        "Martinez",
        "Navarro",
        "Ortega",
        "Pereira",
        "Quintana",
        "Ramirez",
        "Santos",
        "Torres",
        "Vargas",
        "Adams",
        "Baker",
        "Clark",
        "Davis",
        "Evans",
        "Foster",
        "Green",
        "Hill",
        "Irwin",
        "Jones",
    ]
)
NOTES = (
    "Left at the reception desk",
    "Second attempt after a timeout",
    "Gift, please wrap",
    "Monthly subscription",
    "Refund agreed by the shop",
    "Call {phone} before delivery",
    "Send the receipt to {email}",
    "CPF na nota: {cpf}",
)
NOTE_SHARES = (0.3, 0.16, 0.12, 0.2, 0.1, 0.05, 0.05, 0.02)
CATEGORIES = np.array(["groceries", "travel", "electronics", "fuel", "clothing", "games", "pharmacy"])


@dataclass(frozen=True)
class Month:
    """One month of payments and where its three tables lie; `velocity` says whether the new column was collected."""

    name: str
    folder: Path
    velocity: bool

    @property
    def raw(self) -> Path:
        """What the payment system exported, identifiers included."""
        return self.folder / "raw" / f"payments-{self.name}.csv"

    @property
    def cleaned(self) -> Path:
        """The same without direct identifiers: keys are salted hashes."""
        return self.folder / "cleaned" / f"payments-{self.name}.parquet"

    @property
    def features(self) -> Path:
        """What a model may learn from."""
        return self.folder / "features" / f"fraud-{self.name}.parquet"


def months(folder: Path) -> tuple[Month, Month]:
    """The month version 1 learned from, and the later one of version 2."""
    return Month("2026-08", folder, velocity=False), Month("2026-09", folder, velocity=True)


def make(month: Month) -> None:
    """Write the three tables of `month`; those already there stay as they are."""
    _once(month.raw, lambda path: pa.csv.write_csv(payments(month), path))
    _once(month.cleaned, lambda path: pa.parquet.write_table(clean(pa.csv.read_csv(month.raw)), path))
    _once(month.features, lambda path: pa.parquet.write_table(derive(pa.parquet.read_table(month.cleaned)), path))


def _once(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file whole or not at all, once."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(path.suffix + ".draft")
    write(draft)
    draft.replace(path)


def payments(month: Month, rows: int = ROWS) -> pa.Table:
    """The raw table of `month`: people, cards, phones, ids, notes, and the label."""
    rng = np.random.default_rng([SEED, int(month.name.replace("-", ""))])
    country = rng.choice(["BR", "MX", "US"], rows, p=[0.45, 0.35, 0.2])
    first, last = rng.choice(FIRST_NAMES, rows), rng.choice(LAST_NAMES, rows)
    people = {
        "customer_name": np.char.add(np.char.add(first, " "), last),
        "email": identifiers.email_addresses(rng, first, last),
        "phone": identifiers.phone_numbers(rng, country),
        "card_number": identifiers.card_numbers(rng, rows),
        "cpf": np.where(country == "BR", identifiers.cpf_numbers(rng, rows), ""),
        "curp": np.where(country == "MX", identifiers.curp_numbers(rng, first, last), ""),
    }
    start = np.datetime64(f"{month.name}-01T00:00:00")
    paid_at = np.sort(start + rng.integers(0, 28 * 86_400, rows))
    facts = _facts(rng, rows)
    fraud = _fraud(rng, paid_at, facts)
    if not month.velocity:
        del facts["payments_last_hour"]
    columns = {
        "payment_id": np.char.add(f"P{month.name.replace('-', '')}-", np.char.zfill(np.arange(rows).astype(str), 6)),
        "paid_at": paid_at,
        **people,
        "country": country,
        "category": rng.choice(CATEGORIES, rows),
        "channel": rng.choice(["app", "web", "shop"], rows, p=[0.5, 0.3, 0.2]),
        **facts,
        "note": _notes(rng, people),
        "is_fraud": fraud,
    }
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def _facts(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """What is known about a payment and its account, without saying whose it is."""
    return {
        "amount": np.round(rng.lognormal(3.4, 1.1, rows), 2),
        "account_age_days": rng.gamma(1.4, 420, rows).astype(int),
        "device_age_days": rng.gamma(0.9, 160, rows).astype(int),
        "distance_km": np.round(rng.gamma(0.7, 60, rows), 1),
        "previous_declines": rng.poisson(0.35, rows),
        "payments_last_hour": rng.poisson(0.6, rows),
    }


def _fraud(rng: np.random.Generator, paid_at: np.ndarray, facts: dict[str, np.ndarray]) -> np.ndarray:
    """The label: a logistic rule over the facts, and chance."""
    hour = (paid_at - paid_at.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    score = (
        -13.2
        + 1.8 * np.log1p(facts["amount"])
        + 2.2 * (hour < 6)
        + 2.6 * (facts["device_age_days"] < 7)
        + 1.4 * (facts["account_age_days"] < 60)
        + 0.015 * facts["distance_km"]
        + 1.5 * facts["previous_declines"]
        + 1.5 * facts["payments_last_hour"]
    )
    chance: np.ndarray = 1 / (1 + np.exp(-score))
    drawn: np.ndarray = rng.random(len(hour)) < chance
    return drawn.astype(int)


def _notes(rng: np.random.Generator, people: dict[str, Text]) -> Text:
    """Free text, an eighth of it with something personal that nobody asked for."""
    chosen = rng.choice(len(NOTES), len(people["email"]), p=NOTE_SHARES)
    rows = zip(chosen, people["phone"], people["email"], people["cpf"], strict=True)
    return np.array(
        [NOTES[n if cpf or n != len(NOTES) - 1 else 0].format(phone=p, email=e, cpf=cpf) for n, p, e, cpf in rows]
    )


def clean(raw: pa.Table) -> pa.Table:
    """Drop what identifies people; keep a salted key per customer and the first six digits of the card."""
    keys = pa.array([sha256(SALT + mail.encode()).hexdigest()[:16] for mail in raw["email"].to_pylist()])
    card = pc.utf8_slice_codeunits(pc.cast(raw["card_number"], pa.string()), 0, 1)
    network = pc.if_else(pc.equal(card, "4"), "visa", "mastercard")
    kept = raw.drop_columns(["customer_name", "email", "phone", "card_number", "cpf", "curp", "note"])
    kept = kept.append_column("customer_key", keys).append_column("card_network", network)
    return kept.append_column("has_note", pc.cast(pc.greater(pc.utf8_length(raw["note"]), 0), pa.int8()))


def derive(cleaned: pa.Table) -> pa.Table:
    """The features, numbers only, and the label; no key that leads back to a payment or a person."""
    hour = pc.hour(cleaned["paid_at"])
    features = {
        "amount_log": pc.round(pc.log1p(cleaned["amount"]), 4),
        "at_night": pc.cast(pc.less(hour, 6), pa.int8()),
        "weekday": pc.cast(pc.day_of_week(cleaned["paid_at"]), pa.int8()),
        "abroad": pc.cast(pc.not_equal(cleaned["country"], "BR"), pa.int8()),
        "in_app": pc.cast(pc.equal(cleaned["channel"], "app"), pa.int8()),
        "account_age_log": pc.round(pc.log1p(cleaned["account_age_days"]), 4),
        "device_age_log": pc.round(pc.log1p(cleaned["device_age_days"]), 4),
        "distance_log": pc.round(pc.log1p(cleaned["distance_km"]), 4),
        "previous_declines": pc.cast(cleaned["previous_declines"], pa.int8()),
    }
    if "payments_last_hour" in cleaned.column_names:
        features["payments_last_hour"] = pc.cast(cleaned["payments_last_hour"], pa.int8())
    return pa.table(features | {"is_fraud": pc.cast(cleaned["is_fraud"], pa.int8())})
