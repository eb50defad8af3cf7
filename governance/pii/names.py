"""Common given and family names in English, Spanish and Portuguese, folded: corroboration, never proof alone."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GIVEN = _words(
    """
    aaron abigail abril ada adam adele adrian adriana adriano agustin agustina aida aidan alan alana alba albert
    alberto alejandra alejandro alex alexander alexandra alexandre alexis alfonso alfred alfredo alice alicia aline
    alison allan allison alma almeida alonso alvaro amanda amber amelia amy ana anabel anderson andre andrea andreia
    andres andressa andrew angel angela angelica angelina anita ann anna anne anthony antoni antonia antonio april
    arianna ariel armando arnaldo arthur artur ashley augusto aurora austin ava barbara beatriz becky belen ben
    benedito benjamin bernard bernardo beth bethany betty bianca blanca bob bonnie brad bradley brandon brenda breno
    brent brett brian brittany bruce bruna bruno bryan caio caleb calvin camila camilo carl carla carlos carmen
    carol carolina caroline carolyn carrie casey catalina catarina catherine cathy caua cecilia celia celina celso
    cesar chad charles charlotte chelsea cheryl chris christian christie christina christine christopher cindy clara
    clarice claudia claudio clement clifford clint clinton cody colin connie connor consuelo corey courtney craig
    cristian cristiana cristiane cristina cristobal cruz crystal curtis cynthia daisy dale damian dan dana daniel
    daniela danielle danilo danny darlene darrell darren dave davi david dawn dean deborah debra delia denise dennis
    derek derrick diana diane diego dina dolores dominic don donald donna dora doris dorothy douglas duarte duncan
    dustin dylan earl ed eddie edgar edith edmund eduarda eduardo edward edwin eileen elaine eleanor elena eliana
    elias elisa elizabeth ella ellen ellie elsa emanuel emerson emilia emiliano emilio emily emma enrique enzo eric
    erica erick erik erika erin ernesto esteban estela esther eugene eugenia eva evan evelyn everton ezequiel fabian
    fabiana fabio fabiola fabricio fatima federico felicia felipe felix fermin fernanda fernando flavia flavio
    florencia frances francesca francis francisca francisco frank franklin fred frederico gabriel gabriela gabrielle
    gael gary gavin gene geoffrey george georgia gerald geraldo gerardo gilberto gina giovana giovanna giovanni
    gisele glenn gloria gonzalo grace greg gregg gregory guadalupe guilherme guillermo gustavo hailey hannah harold
    harriet harry hayley heather hector heitor helen helena helio henrique henry herbert heriberto hernan hilda
    holly horacio howard hugo humberto ian ignacio igor ines ingrid irene iris isaac isabel isabela isabella isadora
    isaias ismael israel ivan ivana ivone jack jackie jackson jacob jacqueline jaime jake james jamie jan jane janet
    janice jared jasmin jasmine jason javier jay jean jeff jefferson jeffery jeffrey jenna jennifer jenny jeremiah
    jeremy jerome jerry jesse jessica jesus jill jim jimena jimmy joan joana joann joao joaquim joaquin jodi joe
    joel joelma john johnathan johnny jon jonas jonathan jordan jordi jorge jose josefa josefina joseph josh joshua
    josue joy joyce juan juana julia julian juliana juliane julie juliet julieta julio june justin kaique karen
    karina karl karla kate katelyn katherine kathleen kathryn kathy katie kayla keith kelli kelly kelsey ken kendra
    kenneth kent kerry kevin kim kimberly kirk kristen kristin kristina kristine kurt kyle laila lais lance larissa
    larry laura lauren laurie lautaro lavinia lawrence leah leandro lee leila leon leonardo leonor leslie leticia
    levi lidia lilian liliana lillian linda lindsay lindsey lisa livia liz logan lola lorena lorenzo lori louis
    louisa louise lourdes luan luana lucas lucia luciana luciano lucila lucio lucy luis luisa luiz luiza luke luna
    luz lydia lynn mabel madison magdalena maite manoel manuel manuela mara marc marcela marcelo marcia marcio marco
    marcos marcus margaret margarita maria mariah mariana mariano maricela marie mariela marilia marilyn marina
    mario marisa marisol marissa mark marlene marta martha martin martina marvin mary mateo mateus matheus mathew
    matias matt matthew maureen mauricio mauro max maxwell maya megan meghan mel melanie melinda melissa mercedes
    mia micaela michael micheal michele michelle miguel mikayla mike milagros milena milton miranda miriam misty
    mitchell moises molly monica monique morgan murilo nadia nancy natalia natalie natasha nathan nathaniel nayara
    neil nelson nicholas nicolas nicole nilson noah noe noelia noemi nora norma octavio olga oliver olivia omar
    orlando oscar osvaldo otavio pablo paloma pam pamela paola patricia patricio patrick paul paula paulina pauline
    paulo pedro peggy penelope perla peter petra phil philip phillip phyllis pietro pilar priscila rachel rafael
    rafaela raimundo ralph ramiro ramon randall randy raquel raul ray raymond rebeca rebecca regina reginaldo renan
    renata renato rhonda ricardo richard rick ricky rita rob robert roberta roberto robin robson rocio rodney
    rodolfo rodrigo rogelio roger rogerio roman romina ron ronald ronaldo rosa rosana rosangela rosario rose ross
    roxana roy ruben ruby russell ruth ryan sabrina sally salvador sam samanta samantha samuel sandra sandy santiago
    sara sarah saul savannah scott sean sebastian sebastiao selena sergio seth shane shannon shari sharon shaun
    shawn sheila shelby shelly sherri sherry shirley sidney silvia silvio simon simone sofia sol soledad sonia
    sophia sophie spencer stacey stacy stefanie stella stephanie stephen steve steven stuart sue suelen susan susana
    suzanne sydney sylvia tadeu tamara tami tammy tania tanya tara tatiana taylor ted teresa teri terrance terri
    terry thais theodore theresa thiago thomas tiago tiffany tim timothy tina todd tom tomas tommy toni tony tonya
    tracey traci tracy travis trevor tricia tristan troy tyler ursula vagner valdir valentin valentina valeria
    valerie vanessa vera veronica vicente vicki vicky victor victoria vincent vinicius violeta virginia vitor
    vitoria vivian viviana viviane wagner wallace walter wanda wanderley warren wayne wellington wendy wesley
    whitney will william willian wilson xavier ximena yago yasmin yesenia yolanda yuri zachary zoe zulma
    """
)
FAMILY = _words(
    """
    abreu acevedo acosta adams aguilar aguirre albuquerque alexander allen almeida alvarado alvarez alves amaral
    amorim anderson andrade antunes aragao araujo arias armstrong arroyo avila azevedo bailey baker barbosa barnes
    barreto barros bastos batista bell benitez bennett bezerra borges boyd braga brandao brito brooks brown bryant
    bueno burns butler caballero cabral cabrera caldeira calderon calvo camacho camargo campbell campos cano
    cardenas cardoso carmona carneiro carrasco carrillo carter carvalho casas castillo castro cavalcante cavalcanti
    cervantes chavez clark clarke coelho cole coleman collins contreras cook cooper cordeiro cordero cordova
    coronado correa correia cortes cortez costa coutinho cox crawford cruz cuevas cunha davies davila davis delgado
    dias diaz diez dixon dominguez duarte duran edwards ellis escobar espinosa espinoza esteves estrada evans farias
    fernandes fernandez ferrari ferreira ferrer figueiredo figueroa fisher flores fonseca ford foster fox franco
    freeman freire freitas fuentes furtado galindo gallardo gallego gallegos garcia garrido garza gibson gil gimenez
    gomes gomez goncalves gonzales gonzalez gordon graham grant gray green griffin guerra guerrero guimaraes
    gutierrez guzman hall hamilton hansen harris harrison hayes henderson henry hernandez herrera herrero hidalgo
    hill holmes howard hughes hunt hunter ibarra iglesias jackson jenkins jennings jesus jimenez johnson johnston
    jones jordan juarez kelley kelly kennedy king knight lara leal ledesma lee leite leiva leon lewis lima lira lobo
    long lopes lopez lozano luna lynch machado maciel magalhaes maldonado marin marques marquez marshall martin
    martinez martins mason matos matthews maxwell mccoy mcdonald medeiros medina mejia melo mena mendes mendez
    mendonca mendoza menezes mercado mesa meyer meza miller miranda mitchell molina monge monteiro montero montes
    montoya moore mora moraes morais morales moran moreira moreno morgan morris morrison mota moura moya muniz munoz
    murphy murray myers nascimento navarro neves nguyen nichols nogueira noriega novaes nunes nunez ochoa ojeda
    oliveira olson orozco ortega ortiz osorio owens pacheco padilla palacios palmer parker parra patterson paz pena
    peralta pereira perez perry peters peterson phillips pierce pimentel pineda pinheiro pinto pires ponce porter
    porto powell prado price prieto quintana quintero ramirez ramos rangel rebelo reed rego reid reis resende rey
    reyes reynolds ribas ribeiro rice richards richardson riley rios rivas rivera roberts robertson robinson robles
    rocha rodrigues rodriguez rogers rojas roman romero rosa rosales rosario ross rubio ruiz russell ryan saavedra
    salazar sales salinas sampaio sanchez sanders santana santiago santos sanz saraiva schmidt scott sepulveda
    serrano shaw silva silveira simmons simpson siqueira smith snyder soares solis sosa soto sousa souza spencer
    stephens stevens stewart stone suarez sullivan tavares taylor teixeira thomas thompson toledo torres trejo
    trujillo tucker turner valdez valencia valente valenzuela vargas vasquez vaz vazquez vega velasco velazquez
    velez vera viana vicente vidal vieira villa villalobos villanueva villarreal wagner walker wallace walsh ward
    warren washington watson weaver webb weber welch wells west wheeler white williams williamson wilson wood woods
    wright xavier young zamora zapata zavala zuniga
    """
)
