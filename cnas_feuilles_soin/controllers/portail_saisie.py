import base64
import json
import re

from odoo import _, fields
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_assures.qr import texte_de_carte
from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_entier, lire_tableau, sans_accent

from .portail import PortailFormation, espace_formation

LIGNES_VIDES = 4
RESULTATS_MONTRES = 100
CHAMPS_FEUILLE = ("matricule", "date_soins", "date_fin_soins", "pathologie", "praticien", "type_soins",
                  "date_naissance_declaree")
OUI = ("oui", "1", "true", "vrai", "on")
COLONNES_AIDE = {
    "Référence": "votre numéro de feuille ; les lignes de même référence font une feuille",
    "Matricule": "matricule ou numéro de carte du bénéficiaire",
    "Date soins": "AAAA-MM-JJ ou JJ/MM/AAAA",
    "Date fin soins": "vide si les soins ont duré un jour",
    "Pathologie": "code CIM-10",
    "Praticien": "numéro d'ordre, facultatif",
    "Urgence": "oui ou non",
    "Type soins": "ambulatoire ou hospitalisation",
    "Prestation": "code de la nomenclature",
    "Quantité": "nombre entier",
    "Prix unitaire": "en FCFA, sans décimale",
    "Nouveau-né": "oui si l'enfant est soigné sous le numéro de sa mère",
    "Naissance déclarée": "date de naissance du nouveau-né",
    "Rang de naissance": "1, 2… pour des jumeaux",
}
COLONNES = list(COLONNES_AIDE)
EN_TETES = {
    "reference": ("n_feuille", "no_feuille", "numero_feuille", "numero_de_feuille", "n_de_feuille", "feuille"),
    "matricule": ("numero_de_carte", "n_carte", "carte", "beneficiaire"),
    "date_soins": ("date_des_soins", "date_de_soins", "soins_du"),
    "date_fin_soins": ("date_de_fin_des_soins", "fin_des_soins", "date_fin"),
    "pathologie": ("diagnostic", "cim10", "cim_10", "code_cim_10"), "praticien": ("prescripteur", "medecin"), "urgence": (),
    "nouveau_ne": ("nouveau_né", "bebe"), "rang_naissance": ("rang_de_naissance", "rang_jumeau"),
    "date_naissance_declaree": ("naissance_declaree", "date_de_naissance", "date_naissance", "ne_le"),
    "type_soins": ("type_de_soins",), "prestation": ("code_prestation", "acte", "code"),
    "quantite": ("qte", "nombre"), "prix_unitaire": ("prix", "pu", "p_u", "prix_unitaire_fcfa"),
}


class PortailSaisie(PortailFormation):
    """Saisie d'une feuille et import d'un classeur depuis l'espace formation : tout passe par `importer`."""

    # ------------------------------------------------------------------ une feuille
    @espace_formation("/my/formation/feuilles/nouvelle", methods=["GET", "POST"])
    def nouvelle(self, **champs):
        """Formulaire de saisie ; à l'envoi, dépose la feuille ou rend le formulaire avec ses erreurs."""
        if request.httprequest.method != "POST":
            return self._rendre_saisie({}, [])
        try:
            resultat = self._importer([self._feuille_saisie(champs)])[0]
        except UserError as refus:
            resultat = {"erreurs": [str(refus)]}
        adresse = f"/my/formation/feuilles/{resultat.get('id')}?message=deposee"
        if request.httprequest.accept_mimetypes.best == "application/json":
            return self._json({"erreurs": resultat["erreurs"]} if resultat["erreurs"] else {"adresse": adresse})
        if resultat["erreurs"]:
            return self._rendre_saisie(champs, resultat["erreurs"])
        return request.redirect(adresse)

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
        valeurs = {"page": "import", "erreur": None, "refusees": None, "colonnes": COLONNES_AIDE}
        fichier = request.httprequest.files.get("classeur")
        if request.httprequest.method == "POST":
            try:
                if not fichier or not fichier.filename:
                    raise UserError(_("Choisissez un fichier."))
                lignes = lire_tableau(fichier.read(), fichier.filename, EN_TETES)
                valeurs.update(self._importer_classeur(lignes, formation))
            except UserError as refus:
                valeurs["erreur"] = str(refus)
        return self._rendre("cnas_feuilles_soin.portail_import", valeurs)

    @espace_formation("/my/formation/import/modele.xlsx")
    def modele_classeur(self, **parametres):
        """Rend le classeur vide à remplir, avec deux lignes d'exemple."""
        exemple = [
            ["FS-0001", "TD…", "2026-11-02", "", "B54", "", "non", "ambulatoire", "ACT0001", 1, 1000],
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
        types = self._types_piece()
        praticiens = request.env["cnas.praticien"].search_fetch([], ["numero_ordre", "name"], limit=50, order="name")
        return self._rendre("cnas_feuilles_soin.portail_saisie", {
            "page": "saisie", "champs": champs, "erreurs": erreurs,
            "lignes": lignes + [{}] * max(1, LIGNES_VIDES - len(lignes)),
            "aujourdhui": fields.Date.to_string(aujourd_hui()),
            "types_piece": types, "types_proposes": types[:2], "praticiens": praticiens,
            "fichiers_perdus": any(f.filename for f in request.httprequest.files.values()),
        })

    def _feuille_saisie(self, champs):
        """Rend la feuille au format d'`importer` ; les champs laissés vides sont omis."""
        feuille = {
            nom: champs[nom].strip() for nom in (
                "reference", "formation", "date_soins", "date_fin_soins", "type_soins", "entente", *CHAMPS_FEUILLE)
            if champs.get(nom, "").strip()}
        for nom in ("pathologie", "praticien"):
            if nom in feuille:
                feuille[nom] = self._code(feuille[nom])
        if "matricule" in feuille:
            feuille.update(self._lire_carte(feuille["matricule"]))
        feuille["urgence"] = champs.get("urgence") == "on"
        feuille["nouveau_ne"] = champs.get("nouveau_ne") == "on"
        if champs.get("rang_naissance", "").strip():
            feuille["rang_naissance"] = self._nombre(champs["rang_naissance"])
        feuille["lignes"] = [
            {"prestation": self._code(ligne["prestation"]), "quantite": self._nombre(ligne["quantite"]),
             "prix_unitaire": self._nombre(ligne["prix_unitaire"])} for ligne in self._lignes_saisies(champs)]
        formations = request.env.user.sudo().formation_ids
        feuille.update(self._agence(formations.filtered(lambda f: f.code == feuille.get("formation"))))
        pieces = [{"type": code, "nom": nom, "contenu": base64.b64encode(octets).decode()}
                  for code, nom, octets in self._fichiers_recus()]
        if pieces:
            feuille["pieces"] = pieces
        return feuille

    @staticmethod
    def _agence(formation):
        """Rend {"agence": code} de la province de la formation ; rien s'il n'y en a pas : `importer` choisira."""
        agence = request.env["cnas.agence"].sudo().search([("province_id", "in", formation.province_id.ids)], limit=1)
        return {"agence": agence.code} if agence else {}

    @staticmethod
    def _code(texte):
        """Rend le code d'un choix « CODE — libellé »."""
        return texte.partition(" — ")[0].strip()

    @staticmethod
    def _lire_carte(texte):
        """Rend {"matricule", "carte"} que porte le QR d'une carte, ou le texte tel quel pour matricule."""
        morceaux = texte_de_carte(texte).split("|")
        return {"matricule": morceaux[1], "carte": morceaux[2]} if len(morceaux) == 5 else {"matricule": texte}

    @staticmethod
    def _lignes_saisies(champs):
        formulaire = request.httprequest.form
        colonnes = [formulaire.getlist(nom) for nom in ("prestation", "quantite", "prix_unitaire")]
        lignes = [
            {"prestation": prestation.strip(), "quantite": quantite.strip(), "prix_unitaire": prix.strip()}
            for prestation, quantite, prix in zip(*colonnes)] if champs else []
        return [ligne for ligne in lignes if any(ligne.values())]

    def _importer_classeur(self, lignes, formation):
        """Importe les feuilles du classeur ; rend ce que montre la page, en citant les lignes du classeur."""
        groupes = self._feuilles_du_classeur(lignes, formation)
        bons = [g for g in groupes if not g["erreurs"]]
        for groupe, resultat in zip(bons, self._importer([g["feuille"] for g in bons])):
            groupe["resultat"] = resultat
            groupe["erreurs"] = [
                re.sub(r"^Ligne ([0-9]+)", lambda trouve, rangs=groupe["rangs"]: _(
                    "Ligne %s", rangs[int(trouve[1]) - 1]), phrase) for phrase in resultat["erreurs"]]
        refusees = [g for g in groupes if g["erreurs"]]
        deposees = [g for g in groupes if not g["erreurs"]]
        return {
            "total": len(groupes), "refusees": refusees[:RESULTATS_MONTRES], "nombre_refusees": len(refusees),
            "deposees": deposees[:RESULTATS_MONTRES], "nombre_deposees": len(deposees),
            "nombre_instances": sum(g["resultat"]["state"] == "instance" for g in deposees),
        }

    def _feuilles_du_classeur(self, lignes, formation):
        """Regroupe les lignes de même référence ; les champs de la feuille se lisent sur sa première ligne.

        :return: [{"feuille", "rangs": lignes du classeur, "erreurs": [phrase…]}] dans l'ordre du classeur
        """
        formations = request.env.user.sudo().formation_ids
        choisie = formations.filtered(lambda f: f.code == formation) or formations[:1]
        communs = {"formation": choisie.code or "", **self._agence(choisie)}
        groupes = {}
        for ligne in lignes:
            reference = self._texte(ligne.get("reference"))
            lus = {nom: lu for nom in CHAMPS_FEUILLE
                   if (lu := (self._jour if nom.startswith("date") else self._texte)(ligne.get(nom)))}
            if self._texte(ligne.get("rang_naissance")):
                lus["rang_naissance"] = self._nombre(ligne["rang_naissance"])
            if self._texte(ligne.get("nouveau_ne")).lower() in OUI:
                lus["nouveau_ne"] = True
            if "type_soins" in lus:
                lus["type_soins"] = sans_accent(lus["type_soins"])
            groupe = groupes.get(reference)
            if groupe is None:
                groupe = groupes[reference] = {"rangs": [], "erreurs": [], "feuille": {
                    **communs, "reference": reference, "lignes": [],
                    "urgence": self._texte(ligne.get("urgence")).lower() in OUI, **lus}}
            for nom, valeur in lus.items():
                if valeur != groupe["feuille"].get(nom):
                    groupe["erreurs"].append(_(
                        "Ligne %(rang)s : « %(nom)s » vaut « %(valeur)s » et diffère de la première ligne de cette référence.",
                        rang=ligne.numero, nom=nom, valeur=str(valeur)[:40]))
            groupe["rangs"].append(ligne.numero)
            groupe["feuille"]["lignes"].append({
                "prestation": self._texte(ligne.get("prestation")), "quantite": self._nombre(ligne.get("quantite")),
                "prix_unitaire": self._nombre(ligne.get("prix_unitaire"))})
        return list(groupes.values())

    @staticmethod
    def _texte(valeur):
        if isinstance(valeur, float) and valeur.is_integer():
            valeur = int(valeur)
        return str(valeur if valeur is not None else "").strip()

    @classmethod
    def _jour(cls, valeur):
        """Rend AAAA-MM-JJ si la date se lit, le texte sinon : c'est `importer` qui refusera, avec sa phrase."""
        try:
            return str(lire_date(valeur, ""))
        except UserError:
            return cls._texte(valeur)

    @staticmethod
    def _nombre(valeur):
        """Rend un entier s'il se lit, le texte sinon : c'est `importer` qui refusera, avec sa phrase."""
        try:
            return lire_entier(valeur, "")
        except UserError:
            return str(valeur)

    @staticmethod
    def _json(donnees):
        return request.make_response(json.dumps(donnees, default=str), headers=[
            ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")])
