import base64
import json

from odoo import _, fields
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_assures.qr import texte_de_carte
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_entier

from .portail import _CONTROLE, PortailFormation, espace_formation

LIGNES_VIDES = 4
RESULTATS_MONTRES = 100
IMPORTS_MONTRES = 10
CHAMPS_FEUILLE = ("reference", "formation", "matricule", "date_soins", "date_fin_soins", "pathologie", "praticien", "type_soins",
                  "entente", "remplace", "date_naissance_declaree")


class PortailSaisie(PortailFormation):
    """Saisie d'une feuille et import d'un classeur depuis l'espace formation : tout passe par `importer`."""

    # ------------------------------------------------------------------ une feuille
    @espace_formation("/my/formation/feuilles/nouvelle", methods=["GET", "POST"])
    def nouvelle(self, **champs):
        """Formulaire de saisie ; à l'envoi, dépose la feuille ou rend le formulaire avec ses erreurs.

        Sans script, le premier envoi montre ce que dirait le contrôle ; le second, confirmé, dépose.
        """
        if request.httprequest.method != "POST":
            return self._rendre_saisie({}, [])
        script = request.httprequest.accept_mimetypes.best == "application/json"
        try:
            feuille = self._feuille_saisie(champs)
            if champs.get("controle") and not champs.get("malgre") and not script:
                constats = self._juger(feuille)["constats"]
                if constats:
                    return self._rendre_saisie(champs, [], constats=constats)
            resultat = self._importer([feuille])[0]
        except UserError as refus:
            resultat = {"erreurs": [str(refus)]}
        adresse, erreurs = f"/my/formation/feuilles/{resultat.get('id')}?message=deposee", resultat["erreurs"]
        remplacable = self._remplacable(champs, erreurs)
        if script:
            return self._json({"erreurs": erreurs, "remplace": remplacable} if erreurs else {"adresse": adresse})
        if erreurs:
            return self._rendre_saisie(champs, erreurs, remplacable)
        return request.redirect(adresse)

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
    def classeur(self, formation="", etape="", **parametres):
        """Reçoit un classeur et le contrôle à blanc ; sans `etape` (un script), dépose aussitôt ce qui est bon."""
        erreur = None
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    import_ = self._recevoir_classeur(formation)
                    if not etape and import_._a_appliquer():
                        import_.action_appliquer()
                return request.redirect(f"/my/formation/import/{import_.id}")
            except UserError as refus:
                erreur = str(refus)
        return self._rendre("cnas_feuilles_soin.portail_import", {
            "page": "import", "erreur": erreur, "colonnes": self._colonnes(),
            "imports": self._imports().search(self._domaine_imports(), limit=IMPORTS_MONTRES)})

    @espace_formation("/my/formation/import/<int:import_id>")
    def un_import(self, import_id, **parametres):
        """Un classeur reçu : ce que dit le contrôle, puis l'avancement, puis ce qui a été déposé."""
        import_ = self._import(import_id)
        return self._rendre_import(import_) if import_ else request.redirect("/my/formation/import")

    @espace_formation("/my/formation/import/<int:import_id>/<any(appliquer,associer):quoi>", methods=["POST"])
    def agir_import(self, import_id, quoi, remplacer="", **parametres):
        """Dépose ce que le contrôle a accepté, ou dit quel titre du classeur est quelle colonne."""
        import_ = self._import(import_id)
        if not import_:
            return request.redirect("/my/formation/import")
        try:
            with request.env.cr.savepoint():
                if quoi == "associer":
                    self._associer(import_)
                else:
                    if import_.avec_corrections != (remplacer == "on"):
                        import_.avec_corrections = remplacer == "on"
                    import_.action_appliquer()
        except UserError as refus:
            return self._rendre_import(import_, str(refus))
        return request.redirect(f"/my/formation/import/{import_.id}")

    @espace_formation("/my/formation/import/<int:import_id>/rapport.xlsx")
    def rapport_import(self, import_id, **parametres):
        """Rend le classeur reçu, chaque ligne suivie de son résultat et de ce qu'il faut faire."""
        import_ = self._import(import_id)
        if not import_ or import_.state == "brouillon":
            return request.redirect("/my/formation/import")
        return self._classeur_rendu(import_._rapport(), "rapport_feuilles.xlsx")

    # ------------------------------------------------------------------ privé
    @staticmethod
    def _juger(feuille):
        """Rend ce que dit `_juger_avant_depot` de la feuille saisie ; les pièces n'y sont que par leur type."""
        types = {piece["type"] for piece in feuille.get("pieces", ())}
        types.update(code[:64] for code in request.httprequest.form.getlist("piece_jointe")[:10])
        try:
            return request.env["cnas.feuille_soin"]._juger_avant_depot(
                {nom: valeur for nom, valeur in feuille.items() if nom != "pieces"}, types)
        except UserError as refus:  # trop de vérifications en une minute n'empêchent pas de déposer
            return {"erreurs": [str(refus)], "constats": []}

    def _importer(self, feuilles):
        """Passe par `importer`, avec les droits de l'usager : il ne dépose que pour ses formations."""
        return request.env["cnas.feuille_soin"].importer(feuilles)

    @staticmethod
    def _remplacable(champs, erreurs):
        """Rend le numéro de la feuille que le refus cite et que celle-ci peut remplacer, vide s'il n'y en a pas."""
        feuille = request.env["cnas.feuille_soin"].search([
            ("reference", "=", champs.get("reference", "").strip()), ("formation_id.code", "=", champs.get("formation", "")),
            ("state", "!=", "annulee")], limit=1) if erreurs else None
        cite = feuille and feuille.numero and any(feuille.numero in phrase for phrase in erreurs)
        return feuille.numero if cite and not feuille.sudo()._raisons("retirer") else ""

    def _rendre_saisie(self, champs, erreurs, remplacable="", constats=(), lignes=None):
        lignes = self._lignes_saisies(champs) if lignes is None else lignes
        types = self._types_piece()
        praticiens = request.env["cnas.praticien"].search_fetch([], ["numero_ordre", "name"], limit=50, order="name")
        return self._rendre("cnas_feuilles_soin.portail_saisie", {
            "page": "saisie", "champs": champs, "erreurs": erreurs, "remplacable": remplacable, "constats": constats,
            "lignes": lignes + [{}] * max(1, LIGNES_VIDES - len(lignes)),
            "aujourdhui": fields.Date.to_string(aujourd_hui()),
            "types_piece": types, "types_proposes": types[:2], "praticiens": praticiens,
            "fichiers_perdus": any(f.filename for f in request.httprequest.files.values()),
        })

    def _feuille_saisie(self, champs):
        """Rend la feuille au format d'`importer` ; les champs laissés vides sont omis."""
        feuille = {
            nom: champs[nom].strip() for nom in CHAMPS_FEUILLE if champs.get(nom, "").strip()}
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
        feuille.update(self._imports()._agence_de(self._formation_choisie(feuille.get("formation"))))
        pieces = [{"type": code, "nom": nom, "contenu": base64.b64encode(octets).decode()}
                  for code, nom, octets in self._fichiers_recus()]
        if pieces:
            feuille["pieces"] = pieces
        return feuille

    @staticmethod
    def _code(texte):
        """Rend le code d'un choix « CODE — libellé »."""
        return texte.partition(" — ")[0].strip()

    @staticmethod
    def _lire_carte(texte):
        """Rend {"matricule", "carte"} que porte le QR d'une carte, ou le texte tel quel pour matricule.

        :raise UserError: un QR que la CNAS n'a pas signé
        """
        if "|" not in texte_de_carte(texte):
            return {"matricule": texte}
        lu = request.env["cnas.carte"].sudo()._lire_qr(texte)
        if not lu:
            raise UserError(_("Ce code QR n'a pas été signé par la CNAS : vérifiez la carte."))
        return {"matricule": lu["matricule"], "carte": lu["numero"]}

    @staticmethod
    def _lignes_saisies(champs):
        formulaire = request.httprequest.form
        colonnes = [formulaire.getlist(nom) for nom in ("prestation", "quantite", "prix_unitaire")]
        lignes = [
            {"prestation": prestation.strip(), "quantite": quantite.strip(), "prix_unitaire": prix.strip()}
            for prestation, quantite, prix in zip(*colonnes)] if champs else []
        return [ligne for ligne in lignes if any(ligne.values())]

    # ------------------------------------------------------------------ privé : les classeurs
    @staticmethod
    def _imports():
        return request.env["cnas.import_fichier"].sudo()

    @staticmethod
    def _domaine_imports():
        return [("sujet", "=", "feuilles"), ("create_uid.share", "=", True),
                ("formation_id", "in", request.env.user.sudo().formation_ids.ids)]

    def _import(self, import_id):
        """Rend l'import s'il vient d'une formation de l'usager, un ensemble vide sinon."""
        return self._imports().search([("id", "=", import_id), *self._domaine_imports()])

    @staticmethod
    def _colonnes():
        return request.env["cnas.colonne"].sudo()._du_sujet("feuilles")

    def _recevoir_classeur(self, formation):
        """Enregistre le fichier reçu et le contrôle à blanc.

        :raise UserError: aucun fichier, ou fichier illisible
        """
        fichier = request.httprequest.files.get("classeur")
        if not fichier or not fichier.filename:
            raise UserError(_("Choisissez un fichier."))
        choisie = self._exiger_formation(formation)
        contenu = fichier.read()
        if not contenu:
            raise UserError(_("Le fichier est vide : une ligne doit porter les titres de colonnes."))
        import_ = self._imports().create({
            "sujet": "feuilles", "formation_id": choisie.id, "fichier": base64.b64encode(contenu),
            "nom_fichier": _CONTROLE.sub("", fichier.filename)[-100:]})
        import_.action_controler()
        return import_

    def _associer(self, import_):
        """Lit, pour chaque titre du classeur, la colonne choisie, puis contrôle à nouveau."""
        colonnes = {c.code: c.id for c in request.env["cnas.colonne"].sudo().search([("sujet", "=", "feuilles")])}
        for titre in import_.titre_ids:
            choisie = request.httprequest.form.get(f"titre_{titre.id}", "")
            titre.colonne_id = colonnes.get(choisie, False)
        import_.action_controler()

    def _rendre_import(self, import_, erreur=None):
        lignes = import_.ligne_ids.sudo()
        etats = {etat: lignes.search([("import_id", "=", import_.id), ("state", "=", etat)], limit=RESULTATS_MONTRES)
                 for etat in ("creation", "refus", "correction", "faite", "connue")}
        feuilles = request.env["cnas.feuille_soin"].sudo().browse(
            [ligne.res_id for etat in ("faite", "connue") for ligne in etats[etat]]).exists()
        reponse = self._rendre("cnas_feuilles_soin.portail_un_import", {
            "page": "import", "import_": import_, "erreur": erreur, "lignes": etats, "colonnes": self._colonnes(),
            "feuilles": {feuille.id: feuille for feuille in feuilles},
            "nombre_instances": sum(feuille.state == "instance" for feuille in feuilles)})
        if import_.state == "en_cours":
            reponse.headers["Refresh"] = "5"
        return reponse

    @staticmethod
    def _classeur_rendu(contenu, nom):
        return request.make_response(contenu, headers=[
            ("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("Content-Disposition", f'attachment; filename="{nom}"'), ("Cache-Control", "no-store")])

    @staticmethod
    def _nombre(valeur):
        """Rend un entier s'il se lit, le texte sinon : c'est `importer` qui refusera, avec sa phrase."""
        try:
            return lire_entier(valeur, "")
        except UserError:
            return str(valeur)

    @staticmethod
    def _json(donnees, statut=200):
        return request.make_response(json.dumps(donnees, default=str), status=statut, headers=[
            ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")])
