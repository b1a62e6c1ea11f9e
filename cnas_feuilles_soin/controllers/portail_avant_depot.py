from odoo import _, fields
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_assures.qr import lire_image
from odoo.addons.cnas_base.ecriture import ecrire_nombre, ecrire_xlsx
from odoo.addons.cnas_base.jour import aujourd_hui

from .portail import espace_formation
from .portail_saisie import PortailSaisie

PHOTO_MAX = 12 * 1024 * 1024
EXEMPLES_LUS = 120


class PortailAvantDepot(PortailSaisie):
    """Avant de déposer : ce que la caisse sait déjà, les tarifs et les interdits de la formation, le QR d'une photo."""

    @espace_formation("/my/formation/feuilles/verifier", methods=["POST"])
    def verifier(self, **champs):
        """Rend en JSON ce que le contrôle dirait de la feuille saisie ; rien ne s'écrit."""
        try:
            return self._json(self._juger(self._feuille_saisie(champs)))
        except UserError as refus:
            return self._json({"erreurs": [str(refus)], "constats": []})

    @espace_formation("/my/formation/chercher/<string:quoi>")
    def chercher(self, quoi, q="", formation="", date="", **_parametres):
        """Rend en JSON au plus dix prestations ou diagnostics dont le code ou le nom contient `q`.

        Une prestation porte son tarif et ce qui l'interdit à la formation.
        """
        modele, texte = {"prestation": "cnas.prestation", "pathologie": "cnas.pathologie"}.get(quoi), q.strip()[:64]
        if not modele or len(texte) < 2:
            return self._json([])
        modele = request.env[modele].sudo()
        trouves = modele.browse([identifiant for identifiant, _nom in modele.name_search(texte, limit=10)])
        if quoi == "pathologie":
            return self._json([{"code": t.code, "nom": t.name} for t in trouves])
        try:
            jour = fields.Date.to_date(date[:10] or None)
        except ValueError:
            jour = None
        rendues = request.env["cnas.feuille_soin"]._prestations_pour(self._formation_choisie(formation), trouves, jour)
        # Ce qui est interdit à la formation passe après ce qu'elle peut facturer.
        return self._json([{**p, "detail": self._detail(p)} for p in sorted(rendues, key=lambda p: bool(p["interdit"]))])

    @espace_formation("/my/formation/import/modele.xlsx")
    def modele_classeur(self, **parametres):
        """Rend le classeur à remplir ; les exemples sont des prestations permises à la formation, à leur tarif."""
        exemples = []
        for rang, type_prestation in enumerate(("acte", "medicament")):
            permise = self._exemple_permis(type_prestation)
            entete = {"matricule": "TD…", "date_soins": fields.Date.to_string(aujourd_hui()), "pathologie": "B54",
                      "urgence": "non", "type_soins": "ambulatoire"} if rang == 0 else {}
            if permise:
                exemples.append({"reference": "FS-0001", **entete, "prestation": permise["code"], "quantite": 1,
                                 "prix_unitaire": permise["tarif"]})
        colonnes = self._colonnes()
        rangs = [[exemple.get(code, "") for code, *_reste in colonnes] for exemple in exemples]
        return self._classeur_rendu(ecrire_xlsx([nom for _code, nom, *_reste in colonnes], rangs, _("Feuilles")), "feuilles_de_soins.xlsx")

    # ------------------------------------------------------------------ QR
    @espace_formation("/my/formation/qr", methods=["POST"])
    def lire_qr(self, **parametres):
        """Lit le QR de la photo ou du fichier envoyé ; rend en JSON {"texte"} ou {"erreur"}, ou la page des droits sans script."""
        try:
            reponse = {"texte": self._qr_recu()}
        except UserError as refus:
            reponse = {"erreur": str(refus)}
        if request.httprequest.accept_mimetypes.best == "application/json":
            return self._json(reponse)
        return self._rendre_droits(reponse.get("texte", ""), erreur=reponse.get("erreur"))

    # ------------------------------------------------------------------ privé
    @staticmethod
    def _detail(prestation):
        if prestation["interdit"]:
            return _("%(nom)s — INTERDIT ICI : %(motif)s", nom=prestation["nom"], motif=prestation["interdit"])
        tarif = _("%s FCFA", ecrire_nombre(prestation["tarif"])) if prestation["tarif"] is not False else _("sans tarif")
        entente = _(" — entente préalable exigée") if prestation["entente"] else ""
        return f"{prestation['nom']} — {tarif}{entente}"

    def _exemple_permis(self, type_prestation):
        """Rend la première prestation tarifée que la formation peut facturer sans entente, ou None."""
        prestations = request.env["cnas.prestation"].sudo().search(
            [("type_prestation", "=", type_prestation), ("entente_prealable", "=", False)], limit=EXEMPLES_LUS, order="code")
        jugees = request.env["cnas.feuille_soin"]._prestations_pour(self._formation_choisie(""), prestations)
        return next((p for p in jugees if p["tarif"] and not p["interdit"]), None)

    @staticmethod
    def _qr_recu():
        """Rend le texte du QR de la photo envoyée.

        :raise UserError: aucune photo, trop grosse, illisible, ou sans QR
        """
        photo = request.httprequest.files.get("photo")
        octets = photo.read(PHOTO_MAX + 1) if photo and photo.filename else b""
        if not octets:
            raise UserError(_("Choisissez la photo du QR, ou un fichier qui le montre."))
        if len(octets) > PHOTO_MAX:
            raise UserError(_("La photo dépasse 12 Mo : photographiez le QR seul."))
        return lire_image(octets)
