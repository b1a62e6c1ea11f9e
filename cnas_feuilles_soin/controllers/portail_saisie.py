import base64
import json

from odoo import _, fields
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_base.outils import ecrire_xlsx, lire_tableau

from .portail import PortailFormation, espace_formation

LIGNES_VIDES = 5
COLONNES = [
    "Référence", "Matricule", "Date soins", "Date fin soins", "Pathologie", "Praticien", "Urgence", "Type soins",
    "Prestation", "Quantité", "Prix unitaire",
]


class PortailSaisie(PortailFormation):
    """Saisie d'une feuille et import d'un classeur depuis l'espace formation : tout passe par `importer`."""

    # ------------------------------------------------------------------ une feuille
    @espace_formation("/my/formation/feuilles/nouvelle", methods=["GET", "POST"])
    def nouvelle(self, **champs):
        """Formulaire de saisie ; à l'envoi, dépose la feuille ou rend le formulaire avec ses erreurs."""
        if request.httprequest.method != "POST":
            return self._rendre_saisie({}, [])
        resultat = self._importer([self._feuille_saisie(champs)])[0]
        if resultat["erreurs"]:
            return self._rendre_saisie(champs, resultat["erreurs"])
        return request.redirect(f"/my/formation/feuilles/{resultat['id']}")

    @espace_formation("/my/formation/chercher/<string:quoi>")
    def chercher(self, quoi, q="", **parametres):
        """Rend en JSON au plus dix prestations ou diagnostics dont le code ou le nom contient `q`."""
        modele = {"prestation": "cnas.prestation", "pathologie": "cnas.pathologie"}.get(quoi)
        texte = q.strip()[:64]
        trouves = request.env[modele].sudo().search(
            ["|", ("code", "ilike", texte), ("name", "ilike", texte)], limit=10) if modele and len(texte) > 1 else []
        return self._json([{"code": t.code, "nom": t.name} for t in trouves])

    @espace_formation("/my/formation/droits.json")
    def droits_json(self, matricule="", date="", **parametres):
        """Rend en JSON les droits d'un assuré, pour l'affichage pendant la saisie."""
        try:
            droits = self._verifier_droits(matricule, date)
        except UserError as refus:
            droits = {"trouve": False, "motif": str(refus)}
        return self._json(droits)

    # ------------------------------------------------------------------ un classeur
    @espace_formation("/my/formation/import", methods=["GET", "POST"])
    def classeur(self, formation="", **parametres):
        """Importe un classeur (une ligne par prestation, regroupées par référence) ; erreurs ligne à ligne."""
        valeurs = {"page": "import", "erreur": None, "resultats": None}
        fichier = request.httprequest.files.get("classeur")
        if request.httprequest.method == "POST":
            try:
                if not fichier or not fichier.filename:
                    raise UserError(_("Choisissez un fichier."))
                lignes = lire_tableau(fichier.read(), fichier.filename)
                valeurs["resultats"] = self._importer(self._feuilles_du_classeur(lignes, formation))
            except UserError as refus:
                valeurs["erreur"] = str(refus)
        return self._rendre("cnas_feuilles_soin.portail_import", valeurs)

    @espace_formation("/my/formation/import/modele.xlsx")
    def modele_classeur(self, **parametres):
        """Rend le classeur vide à remplir, avec deux lignes d'exemple."""
        exemple = [
            ["FS-0001", "TD…", "2026-11-02", "", "B54", "", "non", "ambulatoire", "ACT0002", 1, 500],
            ["FS-0001", "", "", "", "", "", "", "", "MED0001", 20, 25],
        ]
        return request.make_response(ecrire_xlsx(COLONNES, exemple, _("Feuilles")), headers=[
            ("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("Content-Disposition", 'attachment; filename="feuilles_de_soins.xlsx"')])

    # ------------------------------------------------------------------ privé
    def _importer(self, feuilles):
        """Passe par `importer`, avec les droits de l'usager : il ne dépose que pour ses formations."""
        return request.env["cnas.feuille_soin"].importer(feuilles)

    def _rendre_saisie(self, champs, erreurs):
        lignes = self._lignes_saisies(champs)
        return self._rendre("cnas_feuilles_soin.portail_saisie", {
            "page": "saisie", "champs": champs, "erreurs": erreurs,
            "lignes": lignes + [{}] * max(1, LIGNES_VIDES - len(lignes)),
            "aujourdhui": fields.Date.to_string(fields.Date.context_today(request.env.user)),
            "types_piece": request.env["cnas.type_piece"].sudo().search([("usage", "=", "feuille")]),
        })

    def _feuille_saisie(self, champs):
        """Rend la feuille au format d'`importer` ; les champs laissés vides sont omis."""
        feuille = {
            nom: champs[nom].strip() for nom in (
                "reference", "formation", "matricule", "date_soins", "date_fin_soins", "pathologie", "praticien",
                "type_soins", "entente") if champs.get(nom, "").strip()}
        feuille["pathologie"] = feuille.get("pathologie", "").split(" ")[0]
        feuille["urgence"] = champs.get("urgence") == "on"
        feuille["lignes"] = [
            {"prestation": ligne["prestation"].split(" ")[0], "quantite": self._nombre(ligne["quantite"]),
             "prix_unitaire": self._nombre(ligne["prix_unitaire"])} for ligne in self._lignes_saisies(champs)]
        pieces = [
            {"type": champs.get("type_piece", ""), "nom": fichier.filename,
             "contenu": base64.b64encode(fichier.read()).decode()}
            for fichier in request.httprequest.files.getlist("fichiers") if fichier.filename]
        if pieces:
            feuille["pieces"] = pieces
        return feuille

    @staticmethod
    def _lignes_saisies(champs):
        formulaire = request.httprequest.form
        colonnes = [formulaire.getlist(nom) for nom in ("prestation", "quantite", "prix_unitaire")]
        return [
            {"prestation": prestation.strip(), "quantite": quantite.strip(), "prix_unitaire": prix.strip()}
            for prestation, quantite, prix in zip(*colonnes) if prestation.strip()] if champs else []

    def _feuilles_du_classeur(self, lignes, formation):
        """Regroupe les lignes de même référence ; les champs de la feuille se lisent sur sa première ligne."""
        formations = request.env.user.sudo().formation_ids
        code = formation if formation in formations.mapped("code") else formations[:1].code
        feuilles = {}
        for ligne in lignes:
            reference = str(ligne.get("reference") or "").strip()
            feuille = feuilles.get(reference)
            if feuille is None:
                feuille = feuilles[reference] = {
                    "reference": reference, "formation": code, "lignes": [],
                    "urgence": str(ligne.get("urgence") or "").strip().lower() in ("oui", "1", "true", "vrai"),
                    **{nom: self._texte(ligne.get(nom)) for nom in (
                        "matricule", "date_soins", "date_fin_soins", "pathologie", "praticien", "type_soins")
                       if ligne.get(nom)}}
            feuille["lignes"].append({
                "prestation": self._texte(ligne.get("prestation")), "quantite": self._nombre(ligne.get("quantite")),
                "prix_unitaire": self._nombre(ligne.get("prix_unitaire"))})
        return list(feuilles.values())

    @staticmethod
    def _texte(valeur):
        if hasattr(valeur, "strftime"):
            return valeur.strftime("%Y-%m-%d")
        return str(valeur if valeur is not None else "").strip()

    @staticmethod
    def _nombre(valeur):
        """Rend un entier s'il se lit, le texte sinon : c'est `importer` qui refusera, avec sa phrase."""
        texte = "".join(str(valeur if valeur is not None else "").split()).removesuffix(".0")
        return int(texte) if texte.removeprefix("-").isascii() and texte.removeprefix("-").isdigit() else texte

    @staticmethod
    def _json(donnees):
        return request.make_response(json.dumps(donnees, default=str), headers=[
            ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")])
