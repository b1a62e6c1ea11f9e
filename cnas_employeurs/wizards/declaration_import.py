import base64

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_debut, ecrire_xlsx
from odoo.addons.cnas_base.lecture import lire_date, lire_montant

COLONNES = ["Matricule", "Nom", "Salaire", "Date d'embauche"]
SALAIRE_MAX = 10**12


class DeclarationImport(models.TransientModel):
    """Importe une déclaration nominative depuis un classeur (colonnes : Matricule, Nom, Salaire, Date d'embauche).

    Une ligne au matricule inconnu est gardée et signalée ; une ligne au salaire illisible refuse le
    fichier, avec le numéro de ligne : rien n'est importé à moitié.
    """

    _name = "cnas.declaration_import"
    _description = "Import d'une déclaration"
    _inherit = ["cnas.import_assistant.mixin"]

    declaration_id = fields.Many2one("cnas.declaration_effectif", string="Déclaration", required=True)
    fichier = fields.Binary(string="Classeur (XLSX ou CSV)")
    nom_fichier = fields.Char()
    modele = fields.Binary(string="Modèle à remplir", compute="_compute_modele")
    nom_modele = fields.Char(compute="_compute_modele")
    remplacer = fields.Boolean(string="Remplacer les lignes présentes", default=True)

    def _compute_modele(self):
        for assistant in self:
            lignes = [
                (ligne.assure_id.matricule, ligne.assure_id.name, int(ligne.salaire), ligne.date_embauche or "")
                for ligne in assistant.declaration_id.ligne_ids]
            assistant.modele = base64.b64encode(ecrire_xlsx(COLONNES, lignes, _("Déclaration")))
            assistant.nom_modele = "declaration.xlsx"

    def action_controler(self):
        """Contrôle à blanc : dit ce qui serait importé et ce qui est à corriger, rend le rapport. La déclaration ne change pas."""
        tableau = self._lire()
        valeurs, erreurs = self._controler(tableau)
        inconnus = sum(1 for vals in valeurs if not vals["assure_id"])
        compte_rendu = _("%(bonnes)s ligne(s) bonne(s), dont %(inconnus)s au matricule inconnu (gardées et signalées) ; %(refus)s refusée(s).",
                         bonnes=len(valeurs), inconnus=inconnus, refus=len(erreurs))
        return self._montrer("\n".join(filter(None, (compte_rendu, ecrire_debut(self._phrases(erreurs), 20)))), tableau, erreurs, a_blanc=True)

    def action_importer(self):
        """Lit le classeur, contrôle chaque ligne, remplace le contenu de la déclaration."""
        valeurs, erreurs = self._controler(self._lire())
        if erreurs:
            raise UserError(_("Rien n'a été importé :\n%s", ecrire_debut(self._phrases(erreurs), 20)))
        if self.remplacer:
            self.declaration_id.ligne_ids.unlink()
        self.env["cnas.declaration_effectif.ligne"].create(
            [{**vals, "declaration_id": self.declaration_id.id} for vals in valeurs])
        return {"type": "ir.actions.act_window_close"}

    def _lire(self):
        self.ensure_one()
        self.declaration_id._exiger("importer")
        if not self.fichier:
            raise UserError(_("Choisissez d'abord un fichier."))
        return self.env["cnas.synonyme_colonne"]._lire(
            "declaration", base64.b64decode(self.with_context(bin_size=False).fichier), self.nom_fichier, self.declaration_id.employeur_id)

    @staticmethod
    def _phrases(erreurs):
        return [_("Ligne %(rang)s : %(refus)s", rang=rang, refus=refus) for rang, refus in erreurs]

    def _controler(self, lignes):
        """Rend (valeurs des lignes bonnes, [(ligne, phrase)] des mauvaises) ; les matricules en une requête."""
        assures = self.env["cnas.assure"]
        textes = [assures._normaliser_matricule(ligne.get("matricule")) for ligne in lignes]
        connus = assures._resoudre_matricules([t for t in textes if t])
        valeurs, erreurs, vus = [], [], set()
        for ligne, texte in zip(lignes, textes):
            rang = ligne.numero
            try:
                salaire = lire_montant(ligne["salaire"], quoi=_("Salaire"), maximum=SALAIRE_MAX)
                embauche = lire_date(ligne.get("date_d_embauche"), False, _("Date d'embauche"))
            except UserError as refus:
                erreurs.append((rang, str(refus)))
                continue
            assure_id = connus.get(texte) or False
            if texte and texte in vus:
                erreurs.append((rang, _("le matricule %s figure deux fois.", texte)))
                continue
            vus.add(texte)
            valeurs.append({
                "assure_id": assure_id, "matricule_declare": texte, "nom_declare": ligne.get("nom") or False,
                "salaire": salaire, "date_embauche": embauche,
            })
        return valeurs, erreurs
