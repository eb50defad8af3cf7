"""What a column's name says about it, in English, Spanish and Portuguese, by whole words."""

import re

from governance.pii.shapes import fold

BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+")

_MEANINGS = {
    "EMAIL_ADDRESS": "email; mail; e mail; correo; emailaddress; emails",
    "PHONE_NUMBER": "phone; phones; telephone; tel; mobile; cell; cellphone; cellular; fax; msisdn; whatsapp; telefono; telefonos;"
    " telefone; telefones; celular; celulares; movil; fone; fono; phonenumber; mobilenumber; phoneno; contact number",
    "CREDIT_CARD": "card; cards; creditcard; cardnumber; pan; cc number; ccnumber; visa; mastercard; amex; tarjeta; cartao",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip; ips; ipv 4; ipv 6; ipaddress; ipaddr; client addr; remote addr",
    "MAC_ADDRESS": "mac; macaddress; ethernet; bssid",
    "US_SSN": "ssn; social security; socialsecurity; socialsecuritynumber",
    "US_ITIN": "itin; taxpayer; tax id",
    "BR_CPF": "cpf; cpfs",
    "MX_CURP": "curp",
    "CRYPTO": "bitcoin; btc; wallet; crypto",
    "DATE_TIME": "dob; birth; birthday; birthdate; dateofbirth; nacimiento; nascimento; nasc; fechanacimiento; datanascimento;"
    " cumpleanos; aniversario",
    "US_BANK_NUMBER": "bank account; bankaccount; bank acct; conta bancaria; cuenta bancaria; account routing",
    "US_DRIVER_LICENSE": "driver license; drivers license; driver licence; driving licence; driving license; driverlicense; dl number",
    "US_PASSPORT": "passport; passportnumber; pasaporte; passaporte",
    "MEDICAL_LICENSE": "dea; medical license; medical licence",
    "UK_NHS": "nhs",
    "ES_NIF": "nif; dni; nif nie",
    "ES_NIE": "nie; nif nie",
    "LOCATION": "address; addresses; addr; street; streetaddress; direccion; domicilio; calle; endereco; logradouro; rua",
}
MEANINGS = {
    entity: tuple(frozenset(words.split()) for words in said.split(";")) for entity, said in _MEANINGS.items()
}
NOT_AN_ADDRESS = frozenset("email mail ip mac web url uri wallet host http server memory contract block type id".split())
NAME_WORDS = frozenset("name names nombre nombres nome nomes".split())
SURE_NAMES = frozenset(
    "surname surnames lastname lastnames firstname fullname forename givenname familyname middlename nomecompleto nombrecompleto"
    " cardholder cardholdername apellido apellidos sobrenome sobrenomes customername clientname employeename patientname".split()
)
SURE_QUALIFIERS = frozenset("first last full middle given family maiden completo completa pila legal holder cardholder".split())
PEOPLE = frozenset(
    "person persona pessoa customer customers client cliente clientes employee empleado funcionario empregado user usuario"
    " username author autor owner dono propietario proprietario contact contacto contato patient paciente student aluno alumno"
    " estudiante estudante teacher professor profesor doctor medico physician nurse manager gerente passenger pasajero passageiro"
    " driver motorista conductor agent agente seller vendedor buyer comprador recipient destinatario sender remitente remetente"
    " titular holder member miembro membro beneficiary beneficiario guest huesped hospede tenant resident applicant candidate"
    " candidato candidata borrower mother father madre padre mae pai spouse conyuge conjuge guardian responsavel responsable"
    " participant participante subscriber payer payee signer approver reviewer assignee reporter madrina insured asegurado"
    " segurado portador actor actress director attendee player artist cardholder".split()
)
FILLERS = frozenset("the of de del da do dos das la el o a y e and billing shipping account card column field col number no nr primer"
                    " primeiro segundo second primary secondary social paterno materno paterna materna mr ms legal original raw clean".split())  # fmt: skip
LOGINS = frozenset("user usuario username login".split())
THINGS = frozenset(
    "product producto produto item sku company empresa compania companhia business organization organisation org file archivo arquivo"
    " filename path city ciudad cidade town country pais state estado province provincia region county municipio brand marca merchant"
    " comercio store tienda loja shop category categoria event evento host hostname domain dominio table tabla tabela schema model"
    " modelo device browser os app application project proyecto projeto team equipo equipe department departamento bank banco school"
    " escuela escola university universidad universidade course curso species especie color colour cor status type tipo kind plan"
    " currency moneda moeda language idioma title titulo job role position cargo puesto occupation profession genre movie song album"
    " book libro livro metric dataset scenario code codigo bucket queue service server package campaign channel industry sector"
    " medication drug disease street calle rua avenue bairro barrio neighborhood address airport station vessel ship restaurant hotel"
    " hash nationality gender religion race breed crop dish recipe food vehicle car engine fruit month day weekday".split()
)
VERSIONS = frozenset("version versions ver release build firmware oid revision rev semver versao versión section".split())


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
    """`sure`: people's names and nothing else; `maybe`: people or other things; `silent`: says nothing; `no`: other things."""
    said = frozenset(word for word in words(path.rsplit(".", 1)[-1]) if not word.isdigit())
    if said & SURE_NAMES:
        return "sure"
    if said & THINGS:
        return "no"
    if said & NAME_WORDS and said & (SURE_QUALIFIERS | PEOPLE) and said <= NAME_WORDS | SURE_QUALIFIERS | PEOPLE | FILLERS:
        return "maybe" if said & LOGINS else "sure"
    return "maybe" if said & (NAME_WORDS | PEOPLE) else "silent"


def is_version(path: str) -> bool:
    """The header speaks of versions, whose dotted numbers look like addresses."""
    return bool(frozenset(words(path)) & VERSIONS)
