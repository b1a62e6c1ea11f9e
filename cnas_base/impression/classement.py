"""Le procès-verbal de destruction : ce qui est détruit, d'après quelle durée, par qui. Jamais de nom ni de diagnostic."""
from odoo import _
from odoo.exceptions import UserError

from ..ecriture import ecrire_date
from .document import HAUTEUR_SIGNATURES, Document, colonnes_mm
from .kit import GRIS

TITRE, TITRE_ARABE = "Procès-verbal de destruction", "محضر إتلاف الوثائق"
COLONNES = colonnes_mm((10, "gauche"), (58, "gauche"), (40, "gauche"), (21, "gauche"), (16, "gauche"), (96, "gauche"), (30, "gauche"))


def dessiner_destructions(destructions):
    """Rend le PDF des procès-verbaux, un document par `cnas.destruction`.

    :raise UserError: aucun
    """
    if not destructions:
        raise UserError(_("Choisissez au moins un papier à imprimer."))
    doc = None
    for destruction in destructions:
        mention = f"{TITRE} — {destruction.name}"
        if doc:
            doc.suivant(mention)
        else:
            doc = Document(TITRE, mention)
        doc.entete(f"{TITRE} {destruction.name}", TITRE_ARABE)
        _corps(doc, destruction)
    return doc.terminer()


def _corps(doc, destruction):
    detruits = destruction.ligne_ids.filtered(lambda ligne: ligne.issue == "detruit")
    etat = dict(destruction._fields["state"]._description_selection(destruction.env))[destruction.state]
    doc.paragraphe(f"État : {etat}. Documents listés : {len(destruction.ligne_ids)}, détruits : {len(detruits)}. Un document détruit garde sa "
                   "fiche et son empreinte ; son contenu et le texte qu'on y avait lu sont effacés.", 9)
    if destruction.observation:
        doc.paragraphe(destruction.observation, 9, couleur=GRIS)
    doc.y -= 6
    doc.tableau(COLONNES, ["N°", "Type", "Document", "Depuis le", "Durée", "Empreinte SHA-256", "Issue"], [
        [str(rang), ligne.type_id.display_name, ligne.cote, ecrire_date(ligne.depart), f"{ligne.annees} ans", ligne.empreinte or "",
         _issue(ligne)] for rang, ligne in enumerate(destruction.ligne_ids, 1)],
        reserve=HAUTEUR_SIGNATURES, rappel=f"Suite du procès-verbal {destruction.name}", taille=7)
    doc.y -= 6
    doc.signatures((f"Proposé le {ecrire_date(destruction.date_proposition, '—')} par", destruction.propose_par_id.name),
                   (f"Approuvé le {ecrire_date(destruction.date_execution, '—')} par", destruction.approuve_par_id.name))


def _issue(ligne):
    if ligne.issue == "retenu":
        return f"Retenu : {ligne.raison}"
    return "Détruit" if ligne.issue else "Proposé"
