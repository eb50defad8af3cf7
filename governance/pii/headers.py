"""What a column's name says about it, in English, Spanish and Portuguese, by whole words."""

import re

from governance.pii.shapes import fold

BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MEANINGS = {
    "EMAIL_ADDRESS": "email; mail; e mail; correo; emailaddress; emails; correos; mails",
    "PHONE_NUMBER": """
        phone; phones; telephone; tel; mobile; cell; cellphone; cellular; fax; msisdn; whatsapp; telefono; telf; tlf;
        telefonos; telefone; telefones; celular; celulares; movil; moviles; fone; fono; phonenumber; mobilenumber;
        phoneno; contact number; contato telefonico; telemovel; telemoveis; tfno; wsp; zap; wpp; telefax
    """,
    "CREDIT_CARD": """
        card; cards; creditcard; cardnumber; pan; cc number; ccnumber; visa; mastercard; amex; tarjeta; cartao; ccnum;
        cc num; cardno; tarjetas; cartoes; debitcard; cc
    """,
    "IBAN_CODE": "iban; ibans",
    "IP_ADDRESS": """
        ip; ips; ipv 4; ipv 6; ipaddress; ipaddr; client addr; remote addr; ipv4; ipv6; clientip; remoteip; sourceip;
        direccion ip; endereco ip
    """,
    "MAC_ADDRESS": "mac; macaddress; ethernet; bssid; macaddr; hwaddr",
    "US_SSN": "ssn; ssns; social security; socialsecurity; socialsecuritynumber",
    "US_ITIN": "itin; taxpayer; tax id",
    "BR_CPF": "cpf; cpfs; cpf cnpj",
    "BR_CNPJ": "cnpj; cnpjs; cpf cnpj",
    "MX_CURP": "curp",
    "MX_RFC": "rfc",
    "MX_CLABE": "clabe",
    "MX_NSS": "nss; imss; seguro social; seguridad social; ssn",
    "AR_CUIT": "cuit; cuil; cuit cuil",
    "AR_DNI": "dni; documento nacional",
    "AR_CBU": "cbu; cvu",
    "CL_RUT": "rut; run; rol unico",
    "CO_NIT": "nit; rut",
    "CO_CEDULA": "cedula; cedulas; cc; cedula ciudadania; numero cedula; nuip",
    "PE_DNI": "dni; cui",
    "PE_RUC": "ruc",
    "UY_CI": "ci; cedula; cedula identidad; cedulas",
    "UY_RUT": "rut; ruc",
    "EC_CI": "ci; cedula; cedulas; cedula identidad",
    "EC_RUC": "ruc",
    "VE_RIF": "rif",
    "VE_CI": "ci; cedula; cedulas; cedula identidad",
    "PY_RUC": "ruc",
    "BO_NIT": "nit",
    "BO_CI": "ci bolivia; ci bol; carnet identidad; cedula identidad; carnet",
    "DO_CEDULA": "cedula; cedulas",
    "DO_RNC": "rnc",
    "GT_NIT": "nit",
    "CR_CPF": "cedula; cedulas; cpf; cedula fisica; cedula identidad",
    "CR_CPJ": "cedula juridica; cpj; cedula",
    "SV_NIT": "nit",
    "SV_DUI": "dui",
    "PT_NIF": "nif; contribuinte; numero fiscal; nipc; identificacao fiscal",
    "PT_CC": "cartao cidadao; cc; cidadao",
    "PT_NISS": "niss; seguranca social",
    "ES_NIF": "nif; dni; nif nie; dnis; nifs",
    "ES_NIE": "nie; nif nie",
    "ES_CIF": "cif; nif",
    "ES_NSS": "nss; naf; seguridad social; afiliacion",
    "ES_CCC": "ccc; cuenta bancaria; cuenta",
    "UK_NHS": "nhs",
    "UK_NINO": "nino; national insurance; ni number; nationalinsurance",
    "IT_FISCAL_CODE": "codice fiscale; codicefiscale; fiscal code",
    "FR_NIR": "nir; numero securite sociale; securite sociale",
    "PL_PESEL": "pesel",
    "IN_AADHAAR": "aadhaar; aadhar; adhaar",
    "IN_PAN": "pan",
    "AU_TFN": "tfn; tax file",
    "AU_ABN": "abn; business number",
    "AU_ACN": "acn",
    "AU_MEDICARE": "medicare",
    "CA_SIN": "sin; social insurance",
    "SG_NRIC_FIN": "nric; fin",
    "FI_PERSONAL_IDENTITY_CODE": "hetu; henkilotunnus; personal identity",
    "KR_RRN": "rrn; resident registration",
    "TR_NATIONAL_ID": "tckn; kimlik; tc kimlik",
    "TH_TNIN": "tnin; thai id",
    "ZA_ID_NUMBER": "id number; za id; rsa id; sa id",
    "US_NPI": "npi",
    "ABA_ROUTING_NUMBER": "routing; aba; rtn; routing number",
    "CRYPTO": "bitcoin; btc; wallet; crypto; eth; ethereum; wallets",
    "SECRET": """
        secret; token; tokens; apikey; api key; access key; secret key; private key; apitoken; accesstoken; credential;
        credentials; bearer; jwt; chave api; clave api; auth key; client secret
    """,
    "PASSWORD": "password; passwd; pwd; senha; senhas; contrasena; contrasenas; passphrase; passwords; palavra passe",
    "DATE_TIME": """
        dob; birth; birthday; birthdate; dateofbirth; nacimiento; nascimento; nasc; fechanacimiento; datanascimento;
        cumpleanos; aniversario; born; nacido; nascido; bday; fnac; dtnasc; natalicio; nac;
        fnacimiento; fechanac; datanasc; dtnascimento
    """,
    "URL": """
        website; homepage; linkedin; facebook; twitter; instagram; github; perfil; profile url; pagina web; sitio web;
        blog; portfolio; personal url; profile link; url profile; site pessoal; pagina personal; web page; home page
    """,
    "US_BANK_NUMBER": """
        bank account; bankaccount; bank acct; conta bancaria; cuenta bancaria; account routing; bankacct; acct number;
        account number; checking account; savings account
    """,
    "US_DRIVER_LICENSE": """
        driver license; drivers license; driver licence; driving licence; driving license; driverlicense; dl number;
        driverslicense; drivers licence; license number; licence number; dl no; licencia conducir;
        carteira motorista; cnh
    """,
    "US_PASSPORT": "passport; passports; passportnumber; pasaporte; passaporte; pasaportes; passaportes; passportno",
    "MEDICAL_LICENSE": "dea; medical license; medical licence",
    "LOCATION": """
        address; addresses; addr; street; streetaddress; direccion; domicilio; calle; endereco; logradouro; rua;
        direcciones; enderecos; morada; residencia; homeaddress; ubicacion; shipto; billto
    """,
}
MEANINGS = {entity: tuple(_words(way) for way in said.split(";")) for entity, said in _MEANINGS.items()}
COUNTRIES = {
    "AR": _words("ar arg argentina argentino argentina"), "BO": _words("bo bol bolivia boliviano boliviana"),
    "BR": _words("br bra brasil brazil brasileiro"), "CL": _words("cl chl chile chileno chilena"),
    "CO": _words("co col colombia colombiano colombiana"), "CR": _words("cr cri costarica"),
    "DO": _words("do dom dominicana dominicano"), "EC": _words("ec ecu ecuador ecuatoriano ecuatoriana"),
    "ES": _words("es esp espana spain espanol espanola"), "GT": _words("gt gtm guatemala guatemalteco"),
    "MX": _words("mx mex mexico mexicano mexicana"), "PE": _words("pe per peru peruano peruana"),
    "PT": _words("pt prt portugal portugues portuguesa"), "PY": _words("py pry paraguay paraguayo paraguaya"),
    "SV": _words("sv slv salvador salvadoreno"), "UY": _words("uy ury uruguay uruguayo uruguaya"),
    "VE": _words("ve ven venezuela venezolano venezolana"),
}  # fmt: skip
AMBIGUOUS = _words("do co es")
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
    batch barcode code codigo ean expediente factura folio guia fatura id ids invoice isbn item key lot lote model order
    orden parcel part peca pedido pieza protocol protocolo
    product produto producto ref reference referencia sequence serial sku tracking upc version
    """
)
VERSIONS = _words(
    """
    build firmware oid release rev revision section semver v ver versao version versions versión
    """
)
QUALIFIERS = SURE_QUALIFIERS | PEOPLE


def words(header: str) -> tuple[str, ...]:
    """The words of a column's name: `clienteNombreCompleto`, `CPF_cliente` and `phone1` fall apart, accents too."""
    return tuple(word for word in (fold(part) for part in BOUNDARY.split(header) if part) if word)


def meanings(path: str) -> frozenset[str]:
    """The entity types that the name of the column suggests."""
    said = frozenset(words(path))
    last = words(path.rsplit(".", 1)[-1])
    said |= {"".join(last)} if len(last) == 2 else frozenset()  # `DoB`, `eMail`
    found = {entity for entity, ways in MEANINGS.items() if any(way <= said for way in ways)}
    if said & NOT_AN_ADDRESS:
        found.discard("LOCATION")
    named = {country for country, ways in COUNTRIES.items() if said & (ways - AMBIGUOUS)}
    elsewhere = {entity for entity in found if entity[:2] in COUNTRIES.keys() - named}
    return frozenset(found - elsewhere if named and found - elsewhere else found)


def exactly(path: str, entity: str) -> int:
    """How many words of the header name the entity: `cedula juridica` says more than `cedula`."""
    said = frozenset(words(path))
    return max((len(way) for way in MEANINGS.get(entity, ()) if way <= said), default=0)


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


def says_login(path: str) -> bool:
    """The header speaks of logins, which are made of names but are none."""
    return bool(frozenset(words(path)) & LOGINS)


def is_version(path: str) -> bool:
    """The header speaks of versions, whose dotted numbers look like addresses."""
    return bool(frozenset(words(path)) & VERSIONS)


def is_code(path: str) -> bool:
    """The header speaks of codes and references, whose digits may be grouped like other numbers."""
    return bool(frozenset(words(path.rsplit(".", 1)[-1])) & CODES)
