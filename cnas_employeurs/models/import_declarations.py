from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_debut
from odoo.addons.cnas_base.lecture import lire_date, lire_montant, lire_texte

from .declaration_effectif_ligne import SALAIRE_MAX


class ImportFichier(models.Model):
    """La déclaration nominative d'un employeur (Matricule, Nom, Salaire, Date d'embauche) : écrite en entier, ou pas du tout.

    Une ligne au matricule inconnu est gardée et signalée : elle se corrige avant le dépôt. Une déclaration qui porte
    déjà des lignes les garde tant qu'on ne demande pas de remplacer ce qui diffère.
    """

    _inherit = "cnas.import_fichier"
    _roles_declaration = ("cnas_base.group_agent",)

    sujet = fields.Selection(selection_add=[("declaration", "Déclarations d'effectif")], ondelete={"declaration": "cascade"})
    declaration_id = fields.Many2one(
        "cnas.declaration_effectif", string="Déclaration", ondelete="set null", index="btree_not_null",
        domain="[('state', '=', 'brouillon')]")

    # ------------------------------------------------------------------ points d'extension
    @api.model
    def _champs_controles(self):
        return super()._champs_controles() | {"declaration_id"}

    def _expediteur(self):
        return (self.sujet == "declaration" and self.declaration_id.employeur_id) or super()._expediteur()

    def _juger_declaration(self, tableau):
        """Rend le verdict de la déclaration, sans rien écrire."""
        if not self.declaration_id:
            raise UserError(_("Dites de quelle déclaration ce fichier donne les salariés."))
        declaration = self.declaration_id.with_user(self.env.user)
        declaration._exiger("importer")
        lignes, erreurs = self._lire_salaries(tableau, declaration.periode)
        inconnues = [str(rang) for rang, vals in lignes if not vals["assure_id"]]
        note = _("%(bonnes)s ligne(s) bonne(s), dont %(inconnus)s au matricule inconnu.", bonnes=len(lignes), inconnus=len(inconnues))
        if inconnues:
            note += _(" Ligne(s) %s : gardées, à corriger avant le dépôt.", ecrire_debut(inconnues, 10, ", "))
        presentes, lues = declaration.ligne_ids, [vals for _rang, vals in lignes]
        en_plus = presentes._en_plus()
        differe = bool(presentes) and self._en_cles(lues) != self._en_cles([{
            "assure_id": ligne.assure_id.id, "matricule_declare": ligne.matricule_declare, "salaire": ligne.salaire,
            "date_embauche": ligne.date_embauche, "en_plus": en_plus[ligne]} for ligne in presentes])
        if differe:
            note += _(" Elle remplacerait les %s présentes.", len(presentes))
        return [self.env["cnas.import_fichier.ligne"]._verdict(
            [ligne.numero for ligne in tableau], declaration.display_name, {"lignes": lues},
            [(rang, _("Ligne %(rang)s : %(refus)s", rang=rang, refus=refus)) for rang, refus in erreurs],
            note, presentes and declaration, differe)]

    def _appliquer_declaration(self, lignes):
        """Remplace les lignes de la déclaration, avec les droits de qui importe."""
        for ligne in lignes:
            ligne._tenter(self._remplacer_par)

    # ------------------------------------------------------------------ privé
    def _remplacer_par(self, ligne):
        declaration = ligne.import_id.declaration_id.with_user(self.env.user)
        if not declaration:
            raise UserError(_("La déclaration a été supprimée : refaites l'import sur une autre."))
        declaration._exiger("importer")
        declaration._remplacer_lignes(ligne.donnees["lignes"])
        return declaration

    def _colonnes_du_sujet(self):
        return self.env["cnas.declaration_effectif.ligne"]._colonnes_en_plus() if self.sujet == "declaration" else super()._colonnes_du_sujet()

    def _lire_salaries(self, tableau, periode):
        """Rend ([(ligne du fichier, valeurs)] des bonnes, [(ligne, phrase)] des mauvaises) ; les matricules en une requête."""
        lire_en_plus = self.env["cnas.declaration_effectif.ligne"]._lecteur_en_plus(periode)
        assures = self.env["cnas.assure"].with_user(self.env.user)
        textes = [assures._normaliser_matricule(ligne.get("matricule")) for ligne in tableau]
        connus = assures._resoudre_matricules([t for t in textes if t])
        bonnes, erreurs, vus = [], [], set()
        for ligne, texte in zip(tableau, textes):
            try:
                salaire = lire_montant(ligne["salaire"], quoi=_("Salaire"), maximum=SALAIRE_MAX)
                embauche = lire_date(ligne.get("date_d_embauche"), False, _("Date d'embauche"))
                nom = lire_texte(ligne.get("nom"), 200)
                en_plus = lire_en_plus(ligne.get)
            except UserError as refus:
                erreurs.append((ligne.numero, str(refus)))
                continue
            # La carte et le matricule d'une même personne la disent deux fois.
            qui = connus.get(texte) or texte
            if qui and qui in vus:
                erreurs.append((ligne.numero, _("le matricule %s figure deux fois.", texte)))
                continue
            vus.add(qui)
            bonnes.append((ligne.numero, {
                "assure_id": connus.get(texte) or False, "matricule_declare": texte, "nom_declare": nom or False,
                "salaire": salaire, "date_embauche": str(embauche) if embauche else False, "en_plus": en_plus}))
        return bonnes, erreurs

    @staticmethod
    def _en_cles(lignes):
        """Rend ce que disent des lignes, sans ordre : qui, combien, depuis quand, et les montants en plus."""
        return sorted((vals["assure_id"] or 0, "" if vals["assure_id"] else vals["matricule_declare"] or "", int(vals["salaire"]),
                       str(vals["date_embauche"] or ""), sorted(vals.get("en_plus", {}).items())) for vals in lignes)
