import base64
import datetime

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.outils import ecrire_xlsx, lire_tableau, nom_de_colonne

COLONNES = ["Matricule", "Nom", "Salaire", "Date d'embauche"]


class DeclarationImport(models.TransientModel):
    """Importe une déclaration nominative depuis un classeur (colonnes : Matricule, Nom, Salaire, Date d'embauche).

    Une ligne au matricule inconnu est gardée et signalée ; une ligne au salaire illisible refuse le
    fichier, avec le numéro de ligne : rien n'est importé à moitié.
    """

    _name = "cnas.declaration_import"
    _description = "Import d'une déclaration"

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

    def action_importer(self):
        """Lit le classeur, contrôle chaque ligne, remplace le contenu de la déclaration."""
        self.ensure_one()
        declaration = self.declaration_id
        declaration._exiger("importer")
        if not self.fichier:
            raise UserError(_("Choisissez d'abord un fichier."))
        lignes = lire_tableau(base64.b64decode(self.fichier), self.nom_fichier)
        valeurs, erreurs = self._controler(lignes)
        if erreurs:
            raise UserError(_("Rien n'a été importé :\n%s", "\n".join(erreurs[:20])))
        if self.remplacer:
            declaration.ligne_ids.unlink()
        self.env["cnas.declaration_effectif.ligne"].create(
            [{**vals, "declaration_id": declaration.id} for vals in valeurs])
        return {"type": "ir.actions.act_window_close"}

    def _controler(self, lignes):
        """Rend (valeurs des lignes bonnes, phrases des lignes mauvaises) ; les matricules en une requête."""
        assures = self.env["cnas.assure"]
        textes = [assures._normaliser_matricule(ligne.get("matricule")) for ligne in lignes]
        connus = assures._resoudre_matricules([t for t in textes if t])
        valeurs, erreurs, vus = [], [], set()
        for rang, (ligne, texte) in enumerate(zip(lignes, textes), 2):
            salaire = self._entier(ligne.get("salaire"))
            if salaire is None or salaire < 0:
                erreurs.append(_("Ligne %(rang)s : salaire « %(valeur)s » illisible.",
                                 rang=rang, valeur=ligne.get("salaire")))
                continue
            try:
                embauche = self._date(ligne.get(nom_de_colonne("Date d'embauche")))
            except ValueError:
                erreurs.append(_("Ligne %s : date d'embauche illisible (attendu AAAA-MM-JJ).", rang))
                continue
            assure_id = connus.get(texte) or False
            if texte and texte in vus:
                erreurs.append(_("Ligne %(rang)s : le matricule %(matricule)s figure deux fois.",
                                 rang=rang, matricule=texte))
                continue
            vus.add(texte)
            valeurs.append({
                "assure_id": assure_id, "matricule_declare": texte, "nom_declare": ligne.get("nom") or False,
                "salaire": salaire, "date_embauche": embauche,
            })
        return valeurs, erreurs

    @staticmethod
    def _entier(valeur):
        """Rend un entier, ou None ; accepte « 150 000 » et 150000.0."""
        texte = "".join(str(valeur if valeur is not None else "").split()).removesuffix(".0")
        return int(texte) if texte.isascii() and texte.isdigit() and len(texte) < 13 else None

    @staticmethod
    def _date(valeur):
        """Rend une date ou False ; accepte une cellule date, AAAA-MM-JJ, JJ/MM/AAAA."""
        if not valeur:
            return False
        if isinstance(valeur, datetime.datetime):
            return valeur.date()
        if isinstance(valeur, datetime.date):
            return valeur
        for forme in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.datetime.strptime(str(valeur).strip(), forme).date()
            except ValueError:
                continue
        raise ValueError(valeur)
