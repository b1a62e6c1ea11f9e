"""Le procès-verbal de destruction : ce qui est détruit, d'après quelle durée, par qui. Jamais de nom ni de diagnostic."""
from odoo.exceptions import UserError

from ..ecriture import ecrire_date
from .document import HAUTEUR_SIGNATURES, Document, colonnes_mm
from .kit import GRIS
from .langue import _, dans_sa_langue, titres

TITRE, TITRE_ARABE = "Procès-verbal de destruction", "محضر إتلاف الوثائق"
COLONNES = colonnes_mm((10, "gauche"), (58, "gauche"), (40, "gauche"), (21, "gauche"), (16, "gauche"), (96, "gauche"), (30, "gauche"))


def dessiner_destructions(destructions):
    """Rend le PDF des procès-verbaux, un document par `cnas.destruction`.

    :raise UserError: aucun
    """
    if not destructions:
        raise UserError(_("Choisissez au moins un papier à imprimer."))
    doc = None
    for une in destructions:
        with dans_sa_langue(une) as destruction:
            titre, dessous = titres(TITRE, TITRE_ARABE)
            mention = f"{titre} — {destruction.name}"
            if doc:
                doc.suivant(mention)
            else:
                doc = Document(TITRE, mention)
            doc.entete(f"{titre} {destruction.name}", dessous)
            _corps(doc, destruction)
    return doc.terminer()


def _corps(doc, destruction):
    detruits = destruction.ligne_ids.filtered(lambda ligne: ligne.issue == "detruit")
    etat = dict(destruction._fields["state"]._description_selection(destruction.env))[destruction.state]
    doc.paragraphe(_("État : %(etat)s. Documents listés : %(listes)s, détruits : %(detruits)s. Un document détruit garde sa fiche et son empreinte ; "
                     "son contenu et le texte qu'on y avait lu sont effacés.", etat=etat, listes=len(destruction.ligne_ids),
                     detruits=len(detruits)), 9)
    if destruction.observation:
        doc.paragraphe(destruction.observation, 9, couleur=GRIS)
    doc.y -= 6
    doc.tableau(COLONNES, [_("N°"), _("Type"), _("Document"), _("Depuis le"), _("Durée"), _("Empreinte SHA-256"), _("Issue")], [
        [str(rang), ligne.type_id.display_name, ligne.cote, ecrire_date(ligne.depart), _("%s ans", ligne.annees), ligne.empreinte or "",
         _issue(ligne)] for rang, ligne in enumerate(destruction.ligne_ids, 1)],
        reserve=HAUTEUR_SIGNATURES, rappel=_("Suite du procès-verbal %s", destruction.name), taille=7)
    doc.y -= 6
    doc.signatures((_("Proposé le %s par", ecrire_date(destruction.date_proposition)), destruction.propose_par_id.name),
                   (_("Approuvé le %s par", ecrire_date(destruction.date_execution)), destruction.approuve_par_id.name))


def _issue(ligne):
    if ligne.issue == "retenu":
        return _("Retenu : %s", ligne.raison)
    return _("Détruit") if ligne.issue else _("Proposé")
