"""Columns with labels: a class's values in one or two formats under a good, poor or no name, and dirtied."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.labelled import lookalikes, numbers, people
from bench.labelled.numbers import Draw, Maker
from governance.pii.headers import MEANINGS  # only to assert that no class is left without a name

FIRST, MOST = 30, 90
BLANKS = ("", " ", "N/A", "null", "-", "unknown", "n/d", "NaN", "?")
SILENT = ("col_7", "f3", "campo_12", "x", "c_1", "field4", "columna", "dado_2", "var9", "V12", "attr", "Unnamed: 3")
VAGUE = (
    "documento",
    "doc",
    "identificacion",
    "identificacao",
    "numero_doc",
    "id_number_text",
    "nro_documento",
    "valor",
)
AROUND = (
    "{}",
    "{}",
    "{}",
    "{}",
    "cliente_{}",
    "{}_cliente",
    "customer_{}",
    "{}_1",
    "{}_titular",
    "owner.{}",
    "nr_{}",
    "contact_{}",
)


@dataclass(frozen=True)
class Labelled:
    """One column: what it is (empty for nobody's data), whether its format was held out from tuning, how it is named."""

    label: str
    header: str
    held_out: bool
    named: bool
    values: tuple[str, ...]
    kind: str = ""


HEADERS = {
    "EMAIL_ADDRESS": "email e_mail correo correo_electronico mail emailAddress EMAIL",
    "PHONE_NUMBER": "phone telefono telefone celular mobile tel movil phoneNumber telemovel FONE",
    "CREDIT_CARD": "card_number tarjeta numero_cartao creditCard pan cc_num",
    "IBAN_CODE": "iban IBAN cuenta_iban conta_iban",
    "IP_ADDRESS": "ip ip_address client_ip remoteAddr direccion_ip",
    "MAC_ADDRESS": "mac mac_address macAddress",
    "CRYPTO": "wallet btc_address crypto_wallet",
    "US_SSN": "ssn social_security_number SSN",
    "US_ITIN": "itin ITIN",
    "PERSON": "name full_name nombre nombre_completo nome nomeCompleto customer_name paciente apellidos_nombre titular",
    "LOCATION": "address street_address direccion domicilio endereco morada billingAddress",
    "DATE_TIME": "dob birth_date fecha_nacimiento data_nascimento birthday dateOfBirth fechaNac_nacimiento",
    "US_PASSPORT": "passport passport_number pasaporte passaporte",
    "US_DRIVER_LICENSE": "driver_license drivers_license_no dl_number driverLicense",
    "US_BANK_NUMBER": "bank_account bank_account_number bankAcct",
    "MEDICAL_LICENSE": "dea dea_number medical_license",
    "SECRET": "api_key access_key token secret_key jwt",
    "PASSWORD": "password senha contrasena passwd pwd",
}
ALWAYS_NAMED = {
    "DATE_TIME",
    "US_PASSPORT",
    "US_DRIVER_LICENSE",
    "US_BANK_NUMBER",
    "PASSWORD",
    "MEDICAL_LICENSE",
    *numbers.BY_NAME,
}
"""What no value tells: a date, a bank account or a passport is one under its name alone."""
NATIONAL_HEADERS = {
    "AR_DNI": "dni_argentina dni_arg", "PE_DNI": "dni_peru dni_pe", "CO_CEDULA": "cedula cedula_ciudadania", "VE_CI": "cedula ci_venezuela",
    "BO_CI": "ci_bolivia carnet_identidad", "CR_CPF": "cedula cedula_fisica", "BO_NIT": "nit_bolivia", "MX_CLABE": "clabe",
    "AR_CUIT": "cuit cuil", "CL_RUT": "rut run", "PT_CC": "cartao_cidadao", "PT_NISS": "niss", "UK_NINO": "nino national_insurance",
    "IT_FISCAL_CODE": "codice_fiscale", "FI_PERSONAL_IDENTITY_CODE": "hetu", "SV_DUI": "dui", "ABA_ROUTING_NUMBER": "routing_number",
    "TR_NATIONAL_ID": "tc_kimlik", "TH_TNIN": "thai_id", "ZA_ID_NUMBER": "sa_id", "ES_NSS": "nss", "CR_CPJ": "cedula_juridica",
    "IN_AADHAAR": "aadhaar", "AU_TFN": "tfn", "KR_RRN": "rrn", "UY_CI": "ci_uruguay cedula", "EC_CI": "cedula ci_ecuador", "FR_NIR": "nir",
    "ES_NIF": "nif dni", "PL_PESEL": "pesel", "IN_PAN": "pan_india",
}  # fmt: skip


def formats() -> dict[str, list[tuple[Maker, bool]]]:
    """Each class's formats, and which of them were held out."""
    return {
        "EMAIL_ADDRESS": people.EMAILS,
        "PHONE_NUMBER": [(people.laid(form), held) for form, held in people.PHONES],
        "PHONE_NUMBER, bare": [(people.laid(form), held) for form, held in people.BARE_PHONES],
        "CREDIT_CARD": people.CARDS, "IBAN_CODE": people.IBANS, "IP_ADDRESS": people.ADDRESSES, "MAC_ADDRESS": people.MACS,
        "CRYPTO": people.CRYPTO, "US_SSN": [(people.ssn("-"), False), (people.ssn(" "), True)], "US_ITIN": [(people.itin, False)],
        "PERSON": [(make, held) for _of, make, held in people.NAMES],
        "LOCATION": [(make, held) for _of, make, held in people.STREET_FORMS],
        "DATE_TIME": people.BIRTHS,
        "US_PASSPORT": [(people.laid(form), False) for form in people.PASSPORTS],
        "US_DRIVER_LICENSE": [(people.laid(form), at > 1) for at, form in enumerate(people.LICENCES)],
        "US_BANK_NUMBER": [(people.laid(form), False) for form in people.BANKS],
        "MEDICAL_LICENSE": [(people.dea, False)], "SECRET": people.SECRETS, "PASSWORD": people.PASSWORDS,
        **{name: [(make, at > 1) for at, make in enumerate(makes)] for name, makes in numbers.NATIONAL.items()},
        **{name: [(make, at > 1) for at, make in enumerate(makes)] for name, makes in numbers.BY_NAME.items()},
    }  # fmt: skip


def header(draw: Draw, label: str, *, named: bool) -> str:
    if not named:
        return draw.choice(SILENT + VAGUE if label in numbers.NATIONAL else SILENT)
    words = HEADERS.get(label) or NATIONAL_HEADERS.get(label) or label.split("_", 1)[-1].lower()
    text = draw.choice(words.split())
    whole = draw.choice(AROUND).format(text)
    return draw.choice([whole, whole, whole.upper(), whole.replace("_", " ").title(), whole.replace("_", "-")])


def typo(draw: Draw, value: str) -> str:
    at = draw.randrange(max(1, len(value)))
    return draw.choice([value[:at] + value[at + 1 :], value[:at] + draw.choice("0123456789x ") + value[at + 1 :]])


def dirty(draw: Draw, values: list[str]) -> list[str]:
    blank, broken = draw.choice([0, 0.1, 0.35]), draw.choice([0, 0.02, 0.05])
    padded, repeated = draw.choice([0, 0.2]), draw.random() < 0.3
    out: list[str] = []
    for value in values:
        dice = draw.random()
        text = draw.choice(BLANKS) if dice < blank else typo(draw, value) if dice < blank + broken else value
        if draw.random() < padded:
            text = draw.choice([" {}", "{}  ", "\t{}", "{}\n", "\u00a0{}"]).format(text)
        out += [text] * (draw.randint(1, 4) if repeated else 1)
    return out


def column(draw: Draw, label: str, ways: list[tuple[Maker, bool]]) -> Labelled:
    chosen = draw.sample(ways, min(len(ways), draw.choice([1, 1, 2])))
    label = label.split(",", maxsplit=1)[0]
    named = label in ALWAYS_NAMED or draw.random() < 0.6
    values = [draw.choice(chosen)[0](draw) for _ in range(draw.randint(FIRST, MOST))]
    held = any(out for _make, out in chosen)
    return Labelled(label, header(draw, label, named=named), held, named, tuple(dirty(draw, values)))


def columns(seed: str, each: int) -> Iterator[Labelled]:
    """`each` columns of every class, and as many of every few kinds of look-alikes."""
    for label, ways in formats().items():
        assert label.split(",")[0] in MEANINGS or label == "PERSON"
        for at in range(each):
            made = column(people.seeded(f"{seed} {label} {at}"), label, ways)
            if label.endswith("bare") and not made.named:
                made = replace(made, header="telefono_contacto", named=True)  # hardly a bare number tells what it is
            yield made
    for kind, headers, make, held in lookalikes.LOOKALIKES:
        for at in range(max(1, each // 6)):
            draw = people.seeded(f"{seed} {kind} {at}")
            values = [make(draw) for _ in range(draw.randint(FIRST, MOST))]
            name = draw.choice(headers)
            yield Labelled("", name, held_out=held, named=False, values=tuple(dirty(draw, values)), kind=kind)
