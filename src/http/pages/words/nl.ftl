## Kleine woorden
list-and = { $first } en { $last }
month-01 = januari
month-02 = februari
month-03 = maart
month-04 = april
month-05 = mei
month-06 = juni
month-07 = juli
month-08 = augustus
month-09 = september
month-10 = oktober
month-11 = november
month-12 = december
count-invoices = { $count ->
    [one] { $count } factuur
   *[other] { $count } facturen
}
count-statements = { $count ->
    [one] { $count } verklaring
   *[other] { $count } verklaringen
}

## Het kader van elke pagina
frame-for = Voor { $debtor }
frame-languages = Talen
frame-home = Overzicht
frame-invoices = Facturen
frame-foot = { $origin } bewaart wie wat wanneer heeft verklaard. Er wordt nooit geld overgemaakt en uw boekhouding wordt nooit gewijzigd.
frame-leave = Dit bezoek afsluiten

## De pagina achter de link uit de mail
link-title = { $asker } vraagt om de status van uw facturen te mogen zien
link-title-visit = Uw machtigingen
link-lead = U bent { $debtor }. Er gebeurt niets voordat u beslist, en niemand krijgt iets te zien voordat u ondertekent.
link-lead-visit = U bent { $debtor }. Hier ziet u wie de status van uw facturen mag volgen; u kunt dat wijzigen of stoppen.
link-who = Wie vraagt het
link-why = Waarom
link-why-text = Een leverancier van u wil vóór de vervaldatum betaald worden. Wie het geld voorschiet, wil weten of u de factuur hebt ontvangen, goedgekeurd of betaald. U betaalt hetzelfde bedrag, en niet eerder.
link-which = Voor welke facturen
link-until = Tot wanneer
link-see = Wat er te zien zou zijn
link-see-text = De stand van een factuur (ontvangen, goedgekeurd, betwist, betaald) en, als u dat goedvindt, bedragen en dagen. Nooit uw andere facturen, uw bankrekening of iets anders uit uw boekhouding.
link-allow = Toestaan
link-refuse = Weigeren
link-open = Mijn machtigingen openen
link-once = De link in de mail werkt één keer. Daarna blijft dit bezoek in deze browser een uur open.
link-key = Uw browser maakt een eigen sleutel waarmee u ondertekent. Die verlaat dit apparaat niet.
link-renew = De sleutel van deze browser is ingetrokken. Druk nog eens: uw browser maakt een nieuwe.

## Het overzicht
home-title = Wie uw facturen mag volgen
home-requests = Wacht op uw antwoord
home-requests-none = Niemand wacht op een antwoord.
home-mandates = Machtigingen die u gaf
home-mandates-none = U gaf nog geen machtiging.
home-until = tot en met { $day }
home-state-active = geldig
home-state-pending = gaat later in
home-state-expired = verlopen
home-state-revoked = gestopt
home-answer = Antwoorden
home-change = Wijzigen
home-stop = Stoppen
home-stop-note = Stoppen werkt meteen: vanaf dan wordt er niets meer getoond. Wat al gezien is, blijft gezien.
home-invoices = Zeg zelf wat er met uw facturen is gebeurd
home-invoices-text = Goedgekeurd, betwist, toegezegd of betaald: u ondertekent het hier, en wie uw machtiging heeft, ziet het.
home-connect = Laat een pakket het melden
home-connect-text = Uw boekhoudpakket wordt op vaste tijden gelezen en nooit gewijzigd.

## De keuze
choose-title = Wat { $asker } mag zien
choose-title-change = Wijzigen wat { $asker } mag zien
choose-which = Welke facturen?
choose-all = Alle facturen die ik moet betalen, ook latere
choose-suppliers = Alleen die van deze leveranciers
choose-invoices = Alleen de facturen die ik aanvink
choose-asked = dit is gevraagd
choose-more = meer dan gevraagd is
choose-no-invoices = Er staan nog geen open facturen van u in het register.
choose-too-many = Alleen de nieuwste { $count } staan hier.
choose-until = Tot wanneer?
choose-until-note = De laatste dag waarop het te zien is. U kunt eerder stoppen.
choose-show = Wat mag er te zien zijn?
choose-show-document = Of de factuur is bezorgd, gecrediteerd of ingetrokken
choose-show-process = Of zij is ontvangen, goedgekeurd of betwist
choose-show-payment = Of en wanneer zij is betaald
choose-show-amounts = Bedragen en dagen
choose-how = Hoe komt de status daar?
choose-how-hand = Ik verklaar het zelf, op deze pagina
choose-how-package = Mijn boekhoudpakket wordt gelezen (koppelen na het ondertekenen)
choose-how-peppol = Mijn Peppol-antwoorden of e-factuurberichten tellen
choose-next = Naar de tekst om te ondertekenen
choose-back = Terug

## Vergissingen, naast het formulier verteld
slip-scope-missing = Kies voor welke facturen.
slip-nothing-ticked = Vink er ten minste één aan.
slip-too-many = Dat is meer dan er in één keer past: hoogstens { $count }.
slip-show-missing = Vink ten minste één ding aan dat te zien mag zijn.
slip-until-missing = Vul een dag in.
slip-until-past = Die dag is voorbij: kies een latere.
slip-until-far = Kies een dag binnen vijf jaar.
slip-date-missing = Bij een toezegging hoort een dag: vul die in.
slip-date-past = De dag van een toezegging kan niet voorbij zijn.
slip-date-future = Wat betaald is, is vandaag of eerder betaald.
slip-nothing-stated = Kies voor ten minste één factuur een stand.
slip-renewed = De tekst was te oud en is opnieuw geschreven. Lees hem en onderteken nog eens.

## Facturen, met de hand bevestigd
invoices-title = Wat is er met deze facturen gebeurd?
invoices-lead = Kies een stand waar u iets te zeggen hebt. U ziet de precieze tekst voordat u ondertekent.
invoices-none = Er zijn hier geen facturen.
invoices-due = vervalt
invoices-state = Stand
invoices-say = Ik verklaar
invoices-day = Dag
invoices-reason = Reden
invoices-nothing = niets
invoices-paid-to = Betaal aan { $holder }: de factuur is aan die partij overgedragen.
invoices-more = Meer facturen
invoices-next = Naar de tekst om te ondertekenen
invoices-day-note = Bij een toezegging is de dag nodig: de dag waarop u zult betalen.
state-unknown = niets bekend
state-registered = geregistreerd
state-delivered = bezorgd
state-not-delivered = niet bezorgd
state-rejected-technical = om technische redenen afgewezen
state-credited = gecrediteerd
state-cancelled = ingetrokken
state-received = ontvangen
state-in-process = in behandeling
state-booked = geboekt
state-queried = betwist of vraag gesteld
state-answered = vraag beantwoord
state-approved-part = deels goedgekeurd
state-approved = goedgekeurd
state-refused = geweigerd
state-payment-selected = klaargezet voor betaling
state-payment-initiated = betaling opgedragen
state-payment-promised = betaling toegezegd
state-part-paid = deels betaald
state-paid = betaald
state-payment-reversed = betaling teruggedraaid
state-payment-failed = betaling mislukt
say-approved = goedgekeurd
say-queried = betwist: ik heb een vraag
say-refused = geweigerd
say-payment-promised = ik betaal op deze dag
say-paid = betaald
reason-none = geen reden
reason-pri = prijs
reason-qty = aantal
reason-qua = kwaliteit
reason-del = levering
reason-ref = referentie ontbreekt of klopt niet
reason-oth = iets anders

## Ondertekenen
sign-title = Lezen en ondertekenen
sign-lead = Dit ondertekent u, eerst in woorden, dan de precieze tekst. Verder gaat er niets uit.
sign-exact = De precieze tekst
sign-button = { $count ->
    [one] Ondertekenen
   *[other] Alle { $count } ondertekenen
}
sign-back = Niet ondertekenen
sign-by-command = Of ondertekenen met een sleutel van uw bedrijf
sign-by-command-text = Geef op een machine met een geregistreerde sleutel van uw bedrijf deze opdracht:
sign-by-command-then = De nieuwe stand ziet u in het overzicht van uw volgende bezoek.
sign-no-script = Deze browser kan niet ondertekenen: hij heeft geen scripts of geen Ed25519-sleutels. Neem een recente versie van een gangbare browser, of onderteken met een sleutel van uw bedrijf.
sign-no-key = De sleutel van dit bezoek staat niet meer op dit apparaat. Vraag een nieuwe link en open die op het apparaat waarop u wilt ondertekenen.
sign-says-granted = { $to } mag de status zien van facturen die u moet betalen.
sign-says-amended = De machtiging van { $to } verandert. Vanaf nu:
sign-says-revoked = De machtiging van { $to } eindigt nu. Daarna wordt die partij niets meer getoond.
sign-says-declined = U weigert wat { $to } vroeg. Die partij krijgt niets te zien.
sign-says-delegated = { $to } mag namens u melden: { $types }. Verder niets.
sign-says-status = Factuur { $number } van { $seller }: { $state }.
sign-says-status-day = Factuur { $number } van { $seller }: { $state }, { $day }.
sign-says-all = Voor alle facturen die u moet betalen, ook latere.
sign-says-suppliers = Alleen voor facturen van { $list }.
sign-says-invoices = Alleen voor deze facturen: { $list }.
sign-says-show = Wat te zien is: { $list }.
sign-says-from = Vanaf { $day }.
sign-says-until = Tot en met { $day }. U kunt op elk moment stoppen.
sign-says-tacit = Zegt u binnen { $days } dagen niets, dan telt een factuur als aanvaard volgens { $law }.
detail-document = bezorging en creditnota's
detail-process = ontvangst, goedkeuring en betwisting
detail-payment = betaling
detail-amounts = bedragen en dagen
sign-says-reason = Reden: { $list }.
sign-says-other = { $kind }: lees de precieze tekst hieronder.

## Na het ondertekenen
done-title = Ondertekend en vastgelegd
done-title-part = Niet alles is vastgelegd
done-lead = Het register heeft dit vastgelegd, met de plaats in zijn logboek:
done-place = nummer { $position }
done-refused = Niet vastgelegd: { $reason }
done-home = Naar het overzicht
done-connect = Uw boekhoudpakket koppelen
done-invoices = Verklaren wat er met de facturen is gebeurd
done-later = Voor een latere wijziging opent u de link uit een nieuwe mail; die komt altijd op uw geregistreerde adres.

## Koppelingen met pakketten
connect-title = Een pakket laten melden
connect-lead = Het wordt gelezen en nooit gewijzigd. Wat het meldt, wordt ondertekend met een sleutel van de koppeldienst van het register, die u hier toestaat; u kunt dat op elk moment beëindigen.
connect-none = Dit register koppelt geen pakketten. Verklaar het zelf, of gebruik eigen software.
connect-new = Een pakket koppelen
connect-kind-csv = Een lijst met open posten (CSV)
connect-kind-peppol = Peppol-antwoorden of e-factuurberichten
connect-open = Koppelen
connect-optional = niet nodig
connect-token = Sleutel om te lezen, gemaakt in het pakket
connect-remove = Ontkoppelen
connect-allow = Laten melden
connect-consent = Lezen toestaan in het pakket
connect-go = Naar de pagina van het pakket
connect-read = laatst gelezen op { $day }
connect-stale = laatst gelezen op { $day }: langer geleden dan de bedoeling is
connect-never = nog niet gelezen
connect-refused = Dit is niet gelukt: { $reason }
connect-state-pending = wacht op uw toestemming in het pakket
connect-state-active = wordt gelezen
connect-state-failing = is nu niet te lezen
connect-state-revoked = het pakket weigert de sleutel
connect-state-not-delegated = mag nog niet namens u melden
connect-state-locked = het register leest nu niets

## Wat er mis kan zijn
trouble-nothing = Er is niets gewijzigd of ondertekend.
trouble-again = Naar het overzicht
trouble-fresh = Een nieuwe link sturen naar het geregistreerde adres
trouble-fresh-title = Kijk in uw mailbox
trouble-fresh-sent = Kent het register een adres bij deze link, dan is er een nieuwe onderweg daarheen. Een link die kort geleden is verstuurd, wordt niet nog eens verstuurd.
trouble-link-unknown = Dit is geen link van ons
trouble-link-unknown-text = Misschien is er een stuk van weggevallen. Open hem vanuit de mail zelf, of kopieer het hele adres.
trouble-link-expired = Deze link is verlopen
trouble-link-expired-text = Een link werkt een beperkte tijd, zodat een oude mail niets meer opent.
trouble-link-withdrawn = Deze link is vervangen
trouble-link-withdrawn-text = Er is een nieuwere mail verstuurd, of het geregistreerde adres is veranderd. Open de link in de nieuwste mail.
trouble-link-used = Deze link is al gebruikt
trouble-link-used-text = Een link werkt één keer. Was u dat zelf, ga dan verder in de browser waarin u hem opende, of vraag een nieuwe link. Was u het niet, meld het dan aan het register.
trouble-visit-over = Dit bezoek is voorbij
trouble-visit-over-text = Een bezoek duurt een uur. Vraag een nieuwe link, of open een mail die u nog niet gebruikte.
trouble-form-stale = Dit formulier is niet het nieuwste
trouble-form-stale-text = Het is in een ander venster geopend of al eerder verstuurd. Ga naar het overzicht en begin opnieuw.
trouble-form-tampered = Dit formulier is niet zoals wij het maakten
trouble-form-tampered-text = Er is onderweg iets in veranderd; daarom is het niet aangenomen.
trouble-foreign-invoice = Een factuur in dit formulier is niet van u
trouble-foreign-invoice-text = Hier kunt u alleen facturen kiezen waarvan u de koper bent.
trouble-foreign-mandate = Zo'n aanvraag of machtiging van u is er niet
trouble-foreign-mandate-text = Misschien is zij intussen beantwoord of ingetrokken.
trouble-statement-other = Wat is ondertekend, is niet wat werd getoond
trouble-statement-other-text = Het register neemt alleen de precieze tekst aan die u hier zag.
trouble-signature = De handtekening klopt niet
trouble-signature-text = Zij is niet gezet met de sleutel van dit bezoek.
trouble-signed-already = Dit is al ondertekend
trouble-signed-already-text = Hetzelfde formulier is twee keer verstuurd. De eerste keer telde; het overzicht toont het.
trouble-key-other = Deze sleutel is van iemand anders
trouble-key-other-text = Wis de gegevens van deze site in uw browser en open de link opnieuw.
trouble-key-revoked = De sleutel van deze browser is ingetrokken
trouble-key-revoked-text = Open een nieuwe link: uw browser maakt dan een nieuwe sleutel.
trouble-key-missing = Deze browser bracht geen sleutel mee
trouble-key-missing-text = Onderteken met een sleutel van uw bedrijf, of open een nieuwe link in een recente versie van een gangbare browser.
trouble-suspended = Uw deelname is opgeschort
trouble-suspended-text = Vraag het register wat u kunt doen.
trouble-enrol = Het register kan uw sleutel nu niet registreren
trouble-enrol-text = De beheerder moet dit instellen. Wat u wilde, is niet vastgelegd.
trouble-busy = Het register is druk
trouble-busy-text = Probeer het zo meteen nog eens.
