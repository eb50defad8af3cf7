"""What a column's name says about it, in English, Spanish and Portuguese, by whole words."""

import re

from governance.pii.shapes import fold

BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MEANINGS = {
    "EMAIL_ADDRESS": "email; mail; e mail; correo; emailaddress; emails",
    "PHONE_NUMBER": """
        phone; phones; telephone; tel; mobile; cell; cellphone; cellular; fax; msisdn; whatsapp; telefono;
        telefonos; telefone; telefones; celular; celulares; movil; fone; fono; phonenumber; mobilenumber; phoneno;
        contact number
    """,
    "CREDIT_CARD": """
        card; cards; creditcard; cardnumber; pan; cc number; ccnumber; visa; mastercard; amex; tarjeta; cartao
    """,
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip; ips; ipv 4; ipv 6; ipaddress; ipaddr; client addr; remote addr",
    "MAC_ADDRESS": "mac; macaddress; ethernet; bssid",
    "US_SSN": "ssn; social security; socialsecurity; socialsecuritynumber",
    "US_ITIN": "itin; taxpayer; tax id",
    "BR_CPF": "cpf; cpfs",
    "MX_CURP": "curp",
    "CRYPTO": "bitcoin; btc; wallet; crypto",
    "DATE_TIME": """
        dob; birth; birthday; birthdate; dateofbirth; nacimiento; nascimento; nasc; fechanacimiento; datanascimento;
        cumpleanos; aniversario
    """,
    "US_BANK_NUMBER": "bank account; bankaccount; bank acct; conta bancaria; cuenta bancaria; account routing",
    "US_DRIVER_LICENSE": """
        driver license; drivers license; driver licence; driving licence; driving license; driverlicense; dl number
    """,
    "US_PASSPORT": "passport; passportnumber; pasaporte; passaporte",
    "MEDICAL_LICENSE": "dea; medical license; medical licence",
    "UK_NHS": "nhs",
    "ES_NIF": "nif; dni; nif nie",
    "ES_NIE": "nie; nif nie",
    "LOCATION": """
        address; addresses; addr; street; streetaddress; direccion; domicilio; calle; endereco; logradouro; rua
    """,
}
MEANINGS = {entity: tuple(_words(way) for way in said.split(";")) for entity, said in _MEANINGS.items()}
NOT_AN_ADDRESS = _words("block contract email host http id ip mac mail memory server type uri url wallet web")
NAME_WORDS = _words("name names nombre nombres nome nomes")
SURE_NAMES = _words(
    """
    apellido apellidos cardholder cardholdername clientname customername employeename familyname firstname forename
    fullname givenname lastname lastnames middlename nombrecompleto nomecompleto patientname sobrenome sobrenomes
    surname surnames
    """
)
SURE_QUALIFIERS = _words("cardholder completa completo family first full given holder last legal maiden middle pila")
PEOPLE = _words(
    """
    actor actress agent agente alumno aluno applicant approver artist asegurado assignee attendee author autor
    beneficiario beneficiary borrower buyer candidata candidate candidato cardholder client cliente clientes
    comprador conductor conjuge contact contacto contato conyuge customer customers destinatario director doctor
    dono driver empleado employee empregado estudante estudiante father funcionario gerente guardian guest holder
    hospede huesped insured madre madrina mae manager medico member membro miembro mother motorista nurse owner
    paciente padre pai participant participante pasajero passageiro passenger patient payee payer person persona
    pessoa physician player portador profesor professor propietario proprietario recipient remetente remitente
    reporter resident responsable responsavel reviewer segurado seller sender signer spouse student subscriber
    teacher tenant titular user username usuario vendedor
    """
)
FILLERS = _words(
    """
    a account and billing card clean col column da das de del do dos e el field la legal materna materno mr ms no nr
    number o of original paterna paterno primary primeiro primer raw second secondary segundo shipping social the y
    """
)
LOGINS = _words("login user username usuario")
THINGS = _words(
    """
    address airport album app application archivo arquivo avenue bairro banco bank barrio book brand breed browser
    bucket business calle campaign car cargo categoria category channel cidade city ciudad code codigo color colour
    comercio companhia compania company cor country county course crop currency curso dataset day departamento
    department device disease dish domain dominio drug empresa engine equipe equipo escola escuela especie estado
    event evento file filename food fruit gender genre hash host hostname hotel idioma industry item job kind
    language libro livro loja marca medication merchant metric model modelo moeda moneda month movie municipio
    nationality neighborhood occupation org organisation organization os package pais path plan position product
    producto produto profession project projeto province provincia proyecto puesto queue race recipe region religion
    restaurant role rua scenario schema school sector server service ship shop sku song species state station status
    store street tabela tabla table team tienda tipo title titulo town type universidad universidade university
    vehicle vessel weekday
    """
)
CODES = _words(
    """
    batch barcode code codigo ean factura fatura id ids invoice isbn item key lot lote model order orden part pedido
    product produto producto ref reference referencia sequence serial sku tracking upc version
    """
)
VERSIONS = _words(
    """
    build firmware oid release rev revision section semver ver versao version versions versión
    """
)
QUALIFIERS = SURE_QUALIFIERS | PEOPLE


def words(header: str) -> tuple[str, ...]:
    """The words of a column's name: `clienteNombreCompleto`, `CPF_cliente` and `phone1` fall apart, accents too."""
    return tuple(word for word in (fold(part) for part in BOUNDARY.split(header) if part) if word)


def meanings(path: str) -> frozenset[str]:
    """The entity types that the name of the column suggests."""
    said = frozenset(words(path))
    found = {entity for entity, ways in MEANINGS.items() if any(way <= said for way in ways)}
    if said & NOT_AN_ADDRESS:
        found.discard("LOCATION")
    return frozenset(found)


def names_people(path: str) -> str:
    """`sure`: people's names; `maybe`: people or other things; `silent`: says nothing of it; `no`: other things."""
    said = frozenset(word for word in words(path.rsplit(".", 1)[-1]) if not word.isdigit())
    if said & SURE_NAMES:
        return "sure"
    if said & THINGS:
        return "no"
    if said & NAME_WORDS and said & QUALIFIERS and said <= NAME_WORDS | QUALIFIERS | FILLERS:
        return "maybe" if said & LOGINS else "sure"
    return "maybe" if said & (NAME_WORDS | PEOPLE) else "silent"


def is_version(path: str) -> bool:
    """The header speaks of versions, whose dotted numbers look like addresses."""
    return bool(frozenset(words(path)) & VERSIONS)


def is_code(path: str) -> bool:
    """The header speaks of codes and references, whose digits may be grouped like other numbers."""
    return bool(frozenset(words(path.rsplit(".", 1)[-1])) & CODES)
