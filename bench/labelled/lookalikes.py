"""Values that only look like personal data: codes, counters, times, versions, hashes, prices, products, places."""

import string
import uuid

from bench.labelled.numbers import Draw, Maker, day, digits, filled, letters, luhn
from bench.labelled.people import FAMILY, HEX, given

PLACES = ["São Paulo", "Lisboa", "Santiago", "San Antonio", "Santa Cruz", "Ciudad de México", "Valencia", "Boston", "San José", "Porto Alegre", "Buenos Aires", "Lima", "Los Angeles", "Belo Horizonte", "Guadalajara", "Salvador", "Córdoba", "Madison", "Jackson", "Charlotte", "Victoria", "Houston", "Lincoln", "Santa Fe"]  # fmt: skip
THINGS = [
    "Shirt",
    "Lamp",
    "Rose",
    "Chair",
    "Kettle",
    "Jacket",
    "Bottle",
    "Phone",
    "Case",
    "Table",
    "Mirror",
    "Basket",
    "Candle",
    "Blanket",
    "Speaker",
]
MADE = [
    "Red",
    "Blue",
    "Grand",
    "Classic",
    "Wooden",
    "Smart",
    "Mini",
    "Eco",
    "Premium",
    "Vintage",
    "Silver",
    "Garden",
    "Travel",
]
JOBS = [
    "Software Engineer",
    "Sales Manager",
    "Nurse",
    "Data Analyst",
    "Ingeniero Civil",
    "Contador",
    "Analista de Sistemas",
    "Professora",
    "Diseñador",
    "Médico Cirujano",
    "Truck Driver",
    "Chef de Cozinha",
]
SAID = ["delivered on time, left with the neighbour", "el paquete llegó abierto", "cliente pediu troca do produto", "no answer at the first attempt", "paid in cash at the door", "solicita factura a nombre de la empresa", "produto com defeito na embalagem", "great quality, would buy again"]  # fmt: skip
AGENTS = "Chrome/{a}.0.{b}.{c}|Firefox/{a}.0|Safari/{b}.{a}|Edg/{a}.0.{b}.{c}"
FIRMS = ["Ltd", "Inc.", "LLC", "S.A.", "Ltda.", "GmbH", "S.L.", "Group", "and", "Sons"]


def counter(start: int, step: int) -> Maker:
    """A running number: each call is later by a few."""
    last = [start]

    def make(draw: Draw) -> str:
        last[0] += draw.randint(1, step)
        return str(last[0])

    return make


def laid(layout: str) -> Maker:
    return lambda draw: filled(draw, layout)


def agent(draw: Draw) -> str:
    form = draw.choice(AGENTS.split("|"))
    return "Mozilla/5.0 (X11; Linux x86_64) " + form.format(
        a=draw.randint(80, 130), b=draw.randint(1000, 6999), c=draw.randint(1, 199)
    )


def firm(draw: Draw) -> str:
    names = FAMILY[draw.choice(["en", "es", "pt"])].split()
    return f"{draw.choice(names)} {draw.choice(['', draw.choice(names) + ' '])}{draw.choice(FIRMS)}"


def year(draw: Draw, mark: str, short: bool) -> str:  # noqa: FBT001
    first = draw.randint(1985, 2030)
    return f"{first}{mark}{(first + 1) % 100:02}" if short else f"{first}{mark}{first + 1}"


LOOKALIKES: list[tuple[str, list[str], Maker, bool]] = [
    ("scenario code", ["scenario_code", "codigo_escenario", "col_1"], laid("SCN-999"), False),
    ("academic year", ["academic_year", "ano_letivo", "c3"], lambda draw: year(draw, "/", short=True), False),
    ("academic years", ["ACADEMIC_YEAR_CODE", "curso", "f9"], lambda draw: year(draw, draw.choice("/-"), short=False), False),
    ("epoch seconds", ["created", "ts", "fecha_epoch", "col_2"], lambda draw: str(1_600_000_000 + draw.randrange(160_000_000)), False),
    ("epoch milliseconds", ["event_time", "criado_ms", "x4"], lambda draw: str(1_600_000_000_000 + draw.randrange(160_000_000_000)), False),
    ("epoch microseconds", ["ts_us", "col_8"], lambda draw: str(1_600_000_000_000_000 + draw.randrange(10**14)), True),
    ("order number", ["order_number", "numero_pedido", "pedido", "col_9"], lambda draw: f"{digits(draw, 3)}-{digits(draw, 7)}-{digits(draw, 7)}", False),
    ("order code", ["order_id", "nro_orden", "f2"], laid("ORD-2{0|1|2|3|4}99-999999"), False),
    ("invoice", ["invoice_no", "factura", "nota_fiscal"], laid("F{A|B}99-99999999"), True),
    ("counter of 8", ["id", "record_id", "numero", "c1"], counter(10_000_000, 9), False),
    ("counter of 9", ["customer_id", "account_id", "c2"], counter(100_000_000, 50), False),
    ("counter of 10", ["seq", "transaction_id", "f7"], counter(5_551_000_000, 90), False),
    ("counter of 11", ["folio", "protocolo", "col_11"], counter(20_300_000_000, 900), True),
    ("random of 8", ["ticket", "codigo", "x8"], lambda draw: str(draw.randrange(10**7, 10**8)), False),
    ("random of 9", ["member_no", "expediente", "x9"], lambda draw: str(draw.randrange(10**8, 10**9)), False),
    ("random of 10", ["reference", "referencia", "x10"], lambda draw: str(draw.randrange(10**9, 10**10)), False),
    ("random of 11", ["tracking", "guia", "x11"], lambda draw: str(draw.randrange(10**10, 10**11)), False),
    ("random of 12", ["upc", "barcode", "x12"], lambda draw: str(draw.randrange(10**11, 10**12)), True),
    ("random of 14", ["chave", "lote", "x14"], lambda draw: str(draw.randrange(10**13, 10**14)), True),
    ("random of 16", ["batch", "x16"], lambda draw: str(draw.randrange(4 * 10**15, 5 * 10**15)), False),
    ("random of 18", ["snowflake", "tweet_id", "x18"], lambda draw: str(draw.randrange(10**17, 10**18)), True),
    ("random of 22", ["long_key", "x22"], lambda draw: str(draw.randrange(10**21, 10**22)), True),
    ("version of 3", ["version", "app_version", "v"], lambda draw: ".".join(str(draw.randint(0, 40)) for _ in range(3)), False),
    ("version of 4", ["firmware", "versao", "c11"], lambda draw: ".".join(str(draw.randint(0, 60)) for _ in range(4)), False),
    ("browser version", ["browser_version", "col_5"], lambda draw: f"{draw.randint(80, 130)}.0.{draw.randint(1000, 6999)}.{draw.randint(1, 199)}", False),
    ("dated version", ["release", "build"], lambda draw: f"v{draw.randint(2018, 2026)}.{draw.randint(1, 12)}.{draw.randint(0, 30)}-rc{draw.randint(1, 9)}", True),
    ("uuid", ["uuid", "session", "f4"], lambda draw: str(uuid.UUID(int=draw.getrandbits(128), version=4)), False),
    ("uuid bare", ["trace_id", "f5"], lambda draw: f"{draw.getrandbits(128):032x}", False),
    ("md5", ["md5", "checksum", "h"], lambda draw: letters(draw, 32, HEX), False),
    ("sha1", ["commit", "sha1"], lambda draw: letters(draw, 40, HEX), False),
    ("sha256", ["sha256", "digest", "f6"], lambda draw: letters(draw, 64, HEX), False),
    ("short commit", ["rev", "hash"], lambda draw: letters(draw, 8, HEX), True),
    ("product code", ["sku", "codigo_producto", "p1"], laid("AAA-9999-A9"), False),
    ("part number", ["part_no", "pieza", "p2"], laid("999-99-9999"), True),
    ("model code", ["model", "modelo"], laid("AA9999999A"), True),
    ("letter and 8", ["asset_tag", "patrimonio", "c8"], laid("A99999999"), True),
    ("plate", ["placa", "matricula"], laid("AAA9A99"), False),
    ("isbn", ["isbn", "livro"], lambda draw: f"978-{digits(draw, 1)}-{digits(draw, 4)}-{digits(draw, 4)}-{digits(draw, 1)}", False),
    ("ean", ["ean", "gtin"], lambda draw: "789" + digits(draw, 10), False),
    ("imei", ["imei", "device"], lambda draw: luhn("35" + digits(draw, 12)), False),
    ("price", ["price", "precio", "c7"], lambda draw: f"{draw.uniform(0.5, 9999):.2f}", False),
    ("money", ["total", "valor", "importe"], lambda draw: f"{draw.choice(['R$', '$', '€'])} {draw.randint(1, 999)}.{draw.randint(0, 999):03},{draw.randint(0, 99):02}", False),
    ("thousands", ["population", "habitantes", "m2"], lambda draw: f"{draw.randint(1, 99)}.{draw.randint(0, 999):03}.{draw.randint(0, 999):03}", True),
    ("coordinate", ["latitude", "lon", "lat"], lambda draw: f"{draw.uniform(-90, 90):.6f}", False),
    ("coordinates", ["geo", "coords", "ubic"], lambda draw: f"{draw.uniform(-56, 30):.6f}, {draw.uniform(-110, -35):.6f}", False),
    ("score", ["score", "prob", "y"], lambda draw: repr(draw.random()), False),
    ("scientific", ["weight", "loss"], lambda draw: f"{draw.uniform(1, 9):.6e}", True),
    ("date", ["order_date", "fecha", "d1"], lambda draw: str(day(draw, 2015, 2026)), False),
    ("time", ["updated_at", "atualizado_em", "d2"], lambda draw: f"{day(draw, 2015, 2026)}T{draw.randint(0, 23):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}Z", False),
    ("European date", ["data_pedido", "fecha_alta", "d3"], lambda draw: f"{day(draw, 2015, 2026):%d/%m/%Y}", False),
    ("duration", ["duration", "tempo"], lambda draw: f"{draw.randint(0, 99):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}", False),
    ("postcode BR", ["cep", "zip_br"], lambda draw: f"{digits(draw, 5)}-{digits(draw, 3)}", False),
    ("zip", ["zip", "codigo_postal", "zip_code"], lambda draw: digits(draw, 5), False),
    ("zip+4", ["zip4", "postal"], lambda draw: f"{digits(draw, 5)}-{digits(draw, 4)}", True),
    ("city", ["city", "ciudad", "cidade", "g1"], lambda draw: draw.choice(PLACES), False),
    ("country", ["country", "pais"], lambda draw: draw.choice(["Brasil", "México", "España", "Portugal", "Argentina", "United States", "Chile"]), False),
    ("product", ["product_name", "producto", "nome_produto", "g2"], lambda draw: f"{draw.choice(MADE)} {draw.choice(THINGS)}", False),
    ("firm", ["company", "empresa", "razao_social", "g3"], firm, False),
    ("job", ["job", "cargo", "puesto", "g4"], lambda draw: draw.choice(JOBS), False),
    ("browser", ["browser", "name", "g5"], lambda draw: draw.choice(["Safari", "Chrome", "Firefox", "Edge"]), False),
    ("status", ["status", "estado", "s"], lambda draw: draw.choice(["active", "closed", "pending review", "cancelado"]), False),
    ("yes or no", ["email_verified", "tiene_telefono", "flag"], lambda draw: draw.choice(["true", "false"]), False),
    ("phone type", ["phone_type", "tipo_telefono"], lambda draw: draw.choice(["home", "work", "mobile", "celular"]), False),
    ("card type", ["card_type", "bandeira"], lambda draw: draw.choice(["visa", "mastercard", "amex"]), False),
    ("ip version", ["ip_version", "protocol"], lambda draw: draw.choice(["IPv4", "IPv6"]), True),
    ("address type", ["address_type", "tipo_direccion"], lambda draw: draw.choice(["billing", "shipping", "home"]), True),
    ("user agent", ["user_agent", "ua"], agent, False),
    ("page", ["url", "link", "image_url"], lambda draw: f"https://shop.example.com/item/{digits(draw, 9)}?ref={digits(draw, 10)}", False),
    ("path", ["path", "file"], lambda draw: f"/data/{letters(draw, 3, string.ascii_lowercase)}/{digits(draw, 8)}/part-{digits(draw, 5)}.parquet", False),
    ("note", ["notes", "observacion", "comentario"], lambda draw: f"{draw.choice(SAID)}, parcel {digits(draw, 6)}", False),
    ("dated note", ["remark", "obs"], lambda draw: f"{draw.choice(SAID)} ({day(draw, 2020, 2026)}), total {draw.uniform(1, 99):.2f}, ref {digits(draw, 8)}", True),
    ("word", ["tag", "categoria", "w"], lambda draw: letters(draw, draw.randint(4, 9), string.ascii_lowercase), False),
    ("token of text", ["token", "lemma"], lambda draw: draw.choice(["the", "run", "walk", "house", "blue", "quickly", "red", "river", "mountain"]), True),
    ("login", ["username", "login"], lambda draw: given(draw, "en").lower()[:5] + digits(draw, 3), True),
    ("base64", ["payload", "blob"], lambda draw: letters(draw, 40, string.ascii_letters + string.digits + "+/") + "==", True),
]  # fmt: skip
