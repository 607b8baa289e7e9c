subject-all = { $asker } vraagt inzage in de status van uw facturen
subject-supplier = { $asker } vraagt inzage in de status van facturen van { $supplier }
subject-manage = Uw machtigingen bij { $registry }
greeting = Goedendag,
intro = { $asker } vraagt { $debtor } om inzage in de status van facturen die u hebt ontvangen.
intro-manage = Er is gevraagd om een link naar de machtigingen die { $debtor } heeft gegeven. Met die link ziet, wijzigt of beëindigt u ze.
who = Wie vraagt het
why = Waarom
why-financier = { $asker } financiert leveranciers en wil kunnen zien of u een factuur hebt goedgekeurd en wanneer u haar betaalt. U ziet op de pagina precies wat getoond wordt.
why-supplier = { $asker } levert aan u en wil kunnen zien of u een factuur hebt goedgekeurd en wanneer u haar betaalt. U ziet op de pagina precies wat getoond wordt.
which = Welke facturen
which-all = alle facturen die u ontvangt
which-suppliers = de facturen van { $suppliers }
which-invoices = { $count ->
    [one] één factuur
   *[other] { $count } facturen
}
which-invoice = { $number } van { $date }, van { $seller }
which-more = { $count ->
    [one] en nog één
   *[other] en nog { $count }
}
until = Tot wanneer
button = Bekijk het verzoek
button-manage = Bekijk uw machtigingen
choice = Op de pagina staat u het toe, geheel of voor een deel, of u weigert. Zolang u niets doet, wordt niets getoond. Wat u toestaat, kunt u altijd weer intrekken.
once = De link werkt één keer, tot { $expires }. Geef hem aan niemand door: wie hem heeft, kan namens { $debtor } antwoorden.
doubt = Kent u de vrager niet, of twijfelt u? Beantwoord dit bericht: bij { $registry } leest een mens het.
doubt-manage = Hebt u hier niet om gevraagd? Dan hoeft u niets te doen. Twijfelt u, beantwoord dan dit bericht: bij { $registry } leest een mens het.
address = Dit bericht ging naar het adres dat { $registry } van { $debtor } kent. { $asker } heeft dat adres niet opgegeven.
address-manage = Dit bericht ging naar het adres dat { $registry } van { $debtor } kent.
and = { $list } en { $last }
date = { $day } { $month ->
    [1] januari
    [2] februari
    [3] maart
    [4] april
    [5] mei
    [6] juni
    [7] juli
    [8] augustus
    [9] september
    [10] oktober
    [11] november
   *[12] december
} { $year }
time = { $date } om { $clock } uur (UTC)
