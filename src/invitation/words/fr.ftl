subject-all = { $asker } demande à voir le statut de vos factures
subject-supplier = { $asker } demande à voir le statut des factures de { $supplier }
subject-manage = Vos mandats auprès de { $registry }
greeting = Bonjour,
intro = { $asker } demande à { $debtor } de pouvoir consulter le statut de factures que vous avez reçues.
intro-manage = Un lien vers les mandats donnés par { $debtor } a été demandé. Ce lien permet de les consulter, de les modifier ou d’y mettre fin.
who = Qui demande
why = Pourquoi
why-financier = { $asker } finance des fournisseurs et souhaite voir si vous avez approuvé une facture et quand vous la payez. La page vous montre exactement ce qui serait visible.
why-supplier = { $asker } est votre fournisseur et souhaite voir si vous avez approuvé une facture et quand vous la payez. La page vous montre exactement ce qui serait visible.
which = Pour quelles factures
which-all = toutes les factures que vous recevez
which-suppliers = les factures de { $suppliers }
which-invoices = { $count ->
    [one] { $count } facture
   *[other] { $count } factures
}
which-invoice = { $number } du { $date }, de { $seller }
which-more = { $count ->
    [one] et { $count } autre
   *[other] et { $count } autres
}
until = Jusqu’à quand
button = Voir la demande
button-manage = Voir vos mandats
choice = Sur la page, vous acceptez, en tout ou en partie, ou vous refusez. Tant que vous ne faites rien, rien n’est montré. Ce que vous acceptez, vous pouvez le révoquer à tout moment.
once = Le lien fonctionne une seule fois, jusqu’au { $expires }. Ne le transmettez à personne : quiconque le possède peut répondre au nom de { $debtor }.
doubt = Vous ne connaissez pas le demandeur, ou vous avez un doute ? Répondez à ce message : chez { $registry }, une personne le lit.
doubt-manage = Vous n’avez rien demandé ? Alors vous n’avez rien à faire. En cas de doute, répondez à ce message : chez { $registry }, une personne le lit.
address = Ce message a été envoyé à l’adresse que { $registry } connaît de { $debtor }. { $asker } n’a pas fourni cette adresse.
address-manage = Ce message a été envoyé à l’adresse que { $registry } connaît de { $debtor }.
and = { $list } et { $last }
date = { $day ->
    [1] 1er
   *[other] { $day }
} { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year }
time = { $date } à { $clock } (UTC)
