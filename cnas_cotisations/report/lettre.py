"""Lettres du recouvrement."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre
from odoo.addons.cnas_base.impression.document import colonnes_mm
from odoo.addons.cnas_base.impression.langue import FRANCAIS, _, dans_sa_langue

from .commun import cadre, fermer, ouvrir, qui

COLONNES = colonnes_mm((50, "gauche"), (54, "gauche"), (40, "gauche"), (40, "droite"))
ARABE = {"relance": "تذكير", "mise_en_demeure": "إنذار", "majoration": "إشعار بالزيادات", "echeancier": "جدول السداد", "taxation": "فرض تلقائي"}


def dessiner_lettre(acte):
    """Rend les octets de la lettre. Entrée : `cnas.recouvrement.acte`, une fiche."""
    with dans_sa_langue(acte) as acte:
        return _lettre(acte)


def _lettre(acte):
    sorte = dict(acte._fields["sorte"]._description_selection(acte.with_context(lang=FRANCAIS).env))[acte.sorte]
    doc = ouvrir(sorte.upper(), ARABE[acte.sorte], acte.numero)
    cadre(doc, _("Destinataire"), [*qui(acte.cotisant_id), (_("Établie le"), ecrire_date(acte.date))])
    doc.paragraphe(_texte(acte), 10.5, interligne=1.5)
    doc.y -= 5 * mm
    cadre(doc, _("Compte au %s", ecrire_date(acte.date)), [
        (_("Objet de cette lettre (FCFA)"), ecrire_nombre(acte.montant), True), (_("Solde total dû (FCFA)"), ecrire_nombre(acte.solde))])
    if acte.rangs:
        titres = (_("Échéance"), "", "", _("Montant")) if acte.sorte == "echeancier" else (_("Appel"), _("Période"), _("À payer avant le"), _("Reste dû"))
        doc.tableau(COLONNES, titres, acte.rangs)
        doc.y -= 4 * mm
    return fermer(doc, acte._url_papier("lr"))


def _texte(acte):
    """Rend le corps de la lettre, tel que son étape le veut."""
    montant, jour = ecrire_montant(acte.montant), ecrire_date(acte.date)
    return {
        "relance": _("Sauf erreur, %(montant)s de cotisations sont échus et impayés au %(jour)s. Nous vous prions de les régler sans tarder, ou de "
                     "prendre contact avec votre agence.", montant=montant, jour=jour),
        "mise_en_demeure": _("Notre relance étant restée sans effet, nous vous mettons en demeure de régler %(montant)s de cotisations échues au "
                             "%(jour)s. À défaut, les majorations de retard seront appelées et le recouvrement poursuivi. Un recours suspend "
                             "la présente, s'il est adressé par écrit à la caisse.", montant=montant, jour=jour),
        "majoration": _("Des majorations de retard de %s vous sont appelées sur les cotisations échues et impayées, au taux en vigueur chaque "
                        "mois de retard.", montant),
        "echeancier": _("La caisse vous accorde de régler %s selon l'échéancier ci-dessous. Une échéance impayée y met fin : le tout devient "
                        "aussitôt exigible.", montant),
        "taxation": _("Faute de déclaration (%(mois)s), vos cotisations sont taxées d'office à %(montant)s, d'après vos derniers appels. "
                      "Déclarez ces mois : vos déclarations validées remplaceront la taxation.", mois=acte.detail or "—", montant=montant),
    }[acte.sorte]
