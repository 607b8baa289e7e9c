## Petits mots
list-and = { $first } et { $last }
month-01 = janvier
month-02 = février
month-03 = mars
month-04 = avril
month-05 = mai
month-06 = juin
month-07 = juillet
month-08 = août
month-09 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre
count-invoices = { $count ->
    [one] { $count } facture
   *[other] { $count } factures
}
count-statements = { $count ->
    [one] { $count } déclaration
   *[other] { $count } déclarations
}

## Le cadre de chaque page
frame-for = Pour { $debtor }
frame-languages = Langues
frame-home = Aperçu
frame-invoices = Factures
frame-foot = { $origin } conserve qui a déclaré quoi et quand. Il ne déplace jamais d’argent et ne modifie jamais votre comptabilité.
frame-leave = Fermer cette visite

## La page derrière le lien du courriel
link-title = { $asker } demande à voir l’état de vos factures
link-title-visit = Vos autorisations
link-lead = Vous êtes { $debtor }. Rien ne se passe avant votre décision, et rien n’est montré à personne avant votre signature.
link-lead-visit = Vous êtes { $debtor }. Vous voyez ici qui peut suivre l’état de vos factures ; vous pouvez le modifier ou l’arrêter.
link-who = Qui le demande
link-why = Pourquoi
link-why-text = Un de vos fournisseurs veut être payé avant l’échéance. Celui qui avance l’argent veut savoir si vous avez reçu, approuvé ou payé la facture. Vous payez le même montant, et pas plus tôt.
link-which = Pour quelles factures
link-until = Jusqu’à quand
link-see = Ce qui serait montré
link-see-text = L’état d’une facture (reçue, approuvée, contestée, payée) et, si vous l’acceptez, les montants et les jours. Jamais vos autres factures, votre compte bancaire ni rien d’autre de votre comptabilité.
link-allow = Autoriser
link-refuse = Refuser
link-open = Ouvrir mes autorisations
link-once = Le lien du courriel fonctionne une seule fois. Ensuite, cette visite reste ouverte une heure dans ce navigateur.
link-key = Votre navigateur crée sa propre clé, avec laquelle vous signez. Elle ne quitte pas cet appareil.
link-renew = La clé de ce navigateur a été retirée. Appuyez encore une fois : votre navigateur en crée une nouvelle.

## L’aperçu
home-title = Qui peut suivre vos factures
home-requests = En attente de votre réponse
home-requests-none = Personne n’attend de réponse.
home-mandates = Autorisations que vous avez données
home-mandates-none = Vous n’avez donné aucune autorisation.
home-until = jusqu’au { $day } inclus
home-state-active = en vigueur
home-state-pending = commence plus tard
home-state-expired = expirée
home-state-revoked = arrêtée
home-answer = Répondre
home-change = Modifier
home-stop = Arrêter
home-stop-note = L’arrêt prend effet aussitôt : dès lors, plus rien n’est montré. Ce qui a été vu reste vu.
home-invoices = Dites vous-même où en sont vos factures
home-invoices-text = Approuvée, contestée, promise ou payée : vous le signez ici, et celui qui a votre autorisation le voit.
home-connect = Laisser un logiciel le déclarer
home-connect-text = Votre logiciel comptable est lu à intervalles fixes et jamais modifié.

## Le choix
choose-title = Ce que { $asker } peut voir
choose-title-change = Modifier ce que { $asker } peut voir
choose-which = Quelles factures ?
choose-all = Toutes les factures que je dois payer, y compris les suivantes
choose-suppliers = Seulement celles de ces fournisseurs
choose-invoices = Seulement les factures que je coche
choose-asked = c’est ce qui est demandé
choose-more = plus que ce qui est demandé
choose-no-invoices = Le registre n’a pas encore de factures ouvertes de votre part.
choose-too-many = Seules les { $count } plus récentes figurent ici.
choose-until = Jusqu’à quand ?
choose-until-note = Le dernier jour où cela peut être vu. Vous pouvez arrêter plus tôt.
choose-show = Que peut-on voir ?
choose-show-document = Si la facture a été remise, créditée ou annulée
choose-show-process = Si elle a été reçue, approuvée ou contestée
choose-show-payment = Si et quand elle est payée
choose-show-amounts = Les montants et les jours
choose-how = Comment l’état parvient-il au registre ?
choose-how-hand = Je le déclare moi-même, sur cette page
choose-how-package = Mon logiciel comptable est lu (à connecter après la signature)
choose-how-peppol = Mes réponses Peppol ou de facturation électronique comptent
choose-next = Vers le texte à signer
choose-back = Retour

## Oublis, indiqués à côté du formulaire
slip-scope-missing = Choisissez pour quelles factures.
slip-nothing-ticked = Cochez-en au moins une.
slip-too-many = C’est plus que ce qui tient en une fois : { $count } au plus.
slip-show-missing = Cochez au moins une chose qui peut être vue.
slip-until-missing = Indiquez un jour.
slip-until-past = Ce jour est passé : choisissez-en un plus tard.
slip-until-far = Choisissez un jour dans les cinq ans.
slip-date-missing = Une promesse a besoin d’un jour : indiquez-le.
slip-date-past = Le jour d’une promesse ne peut pas être passé.
slip-date-future = Ce qui est payé l’a été aujourd’hui ou plus tôt.
slip-nothing-stated = Choisissez un état pour au moins une facture.
slip-renewed = Le texte était trop ancien et vient d’être réécrit. Lisez-le et signez de nouveau.

## Factures, confirmées à la main
invoices-title = Où en sont ces factures ?
invoices-lead = Choisissez un état là où vous avez quelque chose à dire. Vous voyez le texte exact avant de signer.
invoices-none = Il n’y a pas de factures ici.
invoices-due = échéance
invoices-state = État
invoices-say = Je déclare
invoices-day = Jour
invoices-reason = Motif
invoices-nothing = rien
invoices-paid-to = Payez à { $holder } : la facture lui a été cédée.
invoices-more = Autres factures
invoices-next = Vers le texte à signer
invoices-day-note = Une promesse a besoin du jour : celui où vous paierez.
state-unknown = rien n’est connu
state-registered = enregistrée
state-delivered = remise
state-not-delivered = non remise
state-rejected-technical = rejetée pour des raisons techniques
state-credited = créditée
state-cancelled = annulée
state-received = reçue
state-in-process = en cours de traitement
state-booked = comptabilisée
state-queried = contestée ou question posée
state-answered = question répondue
state-approved-part = approuvée en partie
state-approved = approuvée
state-refused = refusée
state-payment-selected = sélectionnée pour paiement
state-payment-initiated = paiement ordonné
state-payment-promised = paiement promis
state-part-paid = payée en partie
state-paid = payée
state-payment-reversed = paiement annulé
state-payment-failed = paiement échoué
say-approved = approuvée
say-queried = contestée : j’ai une question
say-refused = refusée
say-payment-promised = je paierai ce jour-là
say-paid = payée
reason-none = sans motif
reason-pri = prix
reason-qty = quantité
reason-qua = qualité
reason-del = livraison
reason-ref = référence manquante ou erronée
reason-oth = autre chose

## Signer
sign-title = Lire et signer
sign-lead = Voici ce que vous signez, d’abord en mots, puis le texte exact. Rien d’autre ne part.
sign-exact = Le texte exact
sign-button = { $count ->
    [one] Signer
   *[other] Signer les { $count }
}
sign-back = Ne pas signer
sign-by-command = Ou signer avec une clé de votre entreprise
sign-by-command-text = Sur une machine qui a une clé enregistrée de votre entreprise, lancez :
sign-by-command-then = Le nouvel état figure dans l’aperçu de votre prochaine visite.
sign-no-script = Ce navigateur ne peut pas signer : il n’a pas de scripts ou pas de clés Ed25519. Prenez une version récente d’un navigateur courant, ou signez avec une clé de votre entreprise.
sign-no-key = La clé de cette visite n’est plus sur cet appareil. Demandez un nouveau lien et ouvrez-le sur l’appareil avec lequel vous voulez signer.
sign-says-granted = { $to } peut voir l’état de factures que vous devez payer.
sign-says-amended = L’autorisation de { $to } change. Désormais :
sign-says-revoked = L’autorisation de { $to } prend fin maintenant. Ensuite, plus rien ne lui est montré.
sign-says-declined = Vous refusez ce que { $to } a demandé. Rien ne lui est montré.
sign-says-delegated = { $to } peut déclarer en votre nom : { $types }. Rien d’autre.
sign-says-status = Facture { $number } de { $seller } : { $state }.
sign-says-status-day = Facture { $number } de { $seller } : { $state }, { $day }.
sign-says-all = Pour toutes les factures que vous devez payer, y compris les suivantes.
sign-says-suppliers = Seulement pour les factures de { $list }.
sign-says-invoices = Seulement pour ces factures : { $list }.
sign-says-show = Ce qui peut être vu : { $list }.
sign-says-from = À partir du { $day }.
sign-says-until = Jusqu’au { $day } inclus. Vous pouvez arrêter à tout moment.
sign-says-tacit = Si vous ne dites rien dans les { $days } jours, une facture compte comme acceptée selon { $law }.
detail-document = remise et avoirs
detail-process = réception, approbation et contestations
detail-payment = paiement
detail-amounts = montants et jours
sign-says-reason = Motif : { $list }.
sign-says-other = { $kind } : lisez le texte exact ci-dessous.

## Après la signature
done-title = Signé et consigné
done-title-part = Tout n’a pas été consigné
done-lead = Le registre l’a consigné à cette place de son journal :
done-place = numéro { $position }
done-refused = Non consigné : { $reason }
done-home = Vers l’aperçu
done-connect = Connecter votre logiciel comptable
done-invoices = Déclarer où en sont les factures
done-later = Pour une modification ultérieure, ouvrez le lien d’un nouveau courriel ; il arrive toujours à votre adresse enregistrée.

## Connexions à des logiciels
connect-title = Laisser un logiciel déclarer
connect-lead = Il est lu et jamais modifié. Ce qu’il déclare est signé avec une clé du connecteur du registre, que vous autorisez ici ; vous pouvez y mettre fin à tout moment.
connect-none = Ce registre ne connecte pas de logiciels. Déclarez vous-même, ou utilisez votre propre logiciel.
connect-new = Connecter un logiciel
connect-kind-csv = Une liste de postes ouverts (CSV)
connect-kind-peppol = Réponses Peppol ou de facturation électronique
connect-open = Connecter
connect-optional = facultatif
connect-token = Clé de lecture, créée dans le logiciel
connect-remove = Déconnecter
connect-allow = L’autoriser à déclarer
connect-consent = Autoriser la lecture dans le logiciel
connect-go = Vers la page du logiciel
connect-read = lu pour la dernière fois le { $day }
connect-stale = lu pour la dernière fois le { $day } : il y a plus longtemps que prévu
connect-never = pas encore lu
connect-refused = Cela n’a pas fonctionné : { $reason }
connect-state-pending = attend votre accord dans le logiciel
connect-state-active = est lu
connect-state-failing = n’est pas lisible en ce moment
connect-state-revoked = le logiciel refuse la clé
connect-state-not-delegated = ne peut pas encore déclarer pour vous
connect-state-locked = le registre ne lit rien pour l’instant

## Ce qui peut ne pas aller
trouble-nothing = Rien n’a été modifié ni signé.
trouble-again = Vers l’aperçu
trouble-fresh = Envoyer un nouveau lien à l’adresse enregistrée
trouble-fresh-title = Regardez dans votre boîte aux lettres
trouble-fresh-sent = Si le registre connaît une adresse pour ce lien, un nouveau est en route vers elle. Un lien envoyé peu avant n’est pas renvoyé.
trouble-link-unknown = Ce lien n’est pas l’un des nôtres
trouble-link-unknown-text = Une partie en a peut-être été perdue. Ouvrez-le depuis le courriel même, ou copiez l’adresse entière.
trouble-link-expired = Ce lien a expiré
trouble-link-expired-text = Un lien fonctionne un temps limité, afin qu’un vieux courriel n’ouvre rien.
trouble-link-withdrawn = Ce lien a été remplacé
trouble-link-withdrawn-text = Un courriel plus récent a été envoyé, ou l’adresse enregistrée a changé. Ouvrez le lien du courriel le plus récent.
trouble-link-used = Ce lien a déjà été utilisé
trouble-link-used-text = Un lien fonctionne une seule fois. Si c’était vous, continuez dans le navigateur où vous l’avez ouvert, ou demandez un nouveau lien. Sinon, signalez-le au registre.
trouble-visit-over = Cette visite est terminée
trouble-visit-over-text = Une visite dure une heure. Demandez un nouveau lien, ou ouvrez un courriel que vous n’avez pas encore utilisé.
trouble-form-stale = Ce formulaire n’est pas le plus récent
trouble-form-stale-text = Il a été ouvert dans une autre fenêtre ou déjà envoyé. Allez à l’aperçu et recommencez.
trouble-form-tampered = Ce formulaire n’est pas tel que nous l’avons fait
trouble-form-tampered-text = Quelque chose y a été changé en route ; il n’a donc pas été accepté.
trouble-foreign-invoice = Une facture de ce formulaire n’est pas la vôtre
trouble-foreign-invoice-text = Seules les factures dont vous êtes l’acheteur peuvent être choisies ici.
trouble-foreign-mandate = Il n’y a pas de telle demande ou autorisation de votre part
trouble-foreign-mandate-text = Elle a peut-être été traitée ou retirée entre-temps.
trouble-statement-other = Ce qui a été signé n’est pas ce qui a été montré
trouble-statement-other-text = Le registre n’accepte que le texte exact que vous avez vu ici.
trouble-signature = La signature n’est pas valable
trouble-signature-text = Elle n’a pas été faite avec la clé de cette visite.
trouble-signed-already = Ceci a déjà été signé
trouble-signed-already-text = Le même formulaire a été envoyé deux fois. La première a compté ; l’aperçu le montre.
trouble-key-other = Cette clé est à quelqu’un d’autre
trouble-key-other-text = Effacez les données de ce site dans votre navigateur et rouvrez le lien.
trouble-key-revoked = La clé de ce navigateur a été retirée
trouble-key-revoked-text = Ouvrez un nouveau lien : votre navigateur crée alors une nouvelle clé.
trouble-key-missing = Ce navigateur n’a pas apporté de clé
trouble-key-missing-text = Signez avec une clé de votre entreprise, ou ouvrez un nouveau lien dans une version récente d’un navigateur courant.
trouble-suspended = Votre participation est suspendue
trouble-suspended-text = Demandez au registre ce qu’il faut faire.
trouble-enrol = Le registre ne peut pas enregistrer votre clé maintenant
trouble-enrol-text = Son exploitant doit le mettre en place. Ce que vous vouliez n’a pas été consigné.
trouble-busy = Le registre est occupé
trouble-busy-text = Réessayez dans un instant.
