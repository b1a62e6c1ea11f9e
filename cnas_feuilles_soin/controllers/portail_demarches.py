from odoo import _, http
from odoo.exceptions import AccessDenied, UserError
from odoo.http import content_disposition, request

from odoo.addons.cnas_assures.controllers.verification import page_publique
from odoo.addons.cnas_base.controllers.portail import PAR_PAGE
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import ouvrir_fichier
from odoo.addons.portal.controllers.portal import pager

from .portail import _CONTROLE, espace_formation
from .portail_avant_depot import PortailAvantDepot

DOCUMENTS_MAX = 5
DOCUMENT_MO = 10
# Le papier, la méthode qui le dessine, et les états où il existe (vide : tous, une fois déposée).
PAPIERS = {"accuse": ("_pdf_accuse", ()), "rejet": ("_pdf_rejet", ("rejetee",))}


class PortailDemarches(PortailAvantDepot):
    """Les démarches d'une formation : ententes, papiers, convention, praticiens, carnets, tarifs, usagers, jetons.

    Tout se cherche avec les droits de l'usager, et se refuse de même façon qu'on n'y ait pas droit ou que rien n'existe.
    """

    @espace_formation("/my/formation/demarches")
    def demarches(self, **_parametres):
        """Tout ce qu'une formation peut demander ou lire, en une page."""
        return self._rendre("cnas_feuilles_soin.portail_demarches", {"page": "demarches"})

    # ------------------------------------------------------------------ papiers d'une feuille
    @espace_formation("/my/formation/feuilles/<int:feuille_id>/<any(accuse,rejet):papier>.pdf")
    def papier(self, feuille_id, papier, **_parametres):
        """Rend l'accusé de dépôt ou la notification de rejet d'une feuille de la formation."""
        feuille = self._feuille(feuille_id).sudo()
        methode, etats = PAPIERS[papier]
        if not feuille.numero or etats and feuille.state not in etats:
            raise request.not_found()
        return self._pdf(getattr(feuille, methode)(), f"{papier}_{feuille.numero}.pdf")

    @espace_formation("/my/formation/feuilles/<int:feuille_id>/corriger")
    def corriger(self, feuille_id, **_parametres):
        """Rouvre dans le formulaire une feuille non contrôlée : l'envoyer la remplace."""
        feuille = self._feuille(feuille_id)
        if not feuille or feuille.sudo()._raisons("retirer") or not feuille.sudo().numero:
            return request.redirect("/my/formation/feuilles")
        feuille = feuille.sudo()
        return self._rendre_saisie({
            "formation": feuille.formation_id.code, "reference": feuille.reference, "matricule": feuille.assure_id.matricule,
            "date_soins": str(feuille.date_soins), "date_fin_soins": str(feuille.date_fin_soins or ""),
            "pathologie": feuille.pathologie_id.code, "praticien": feuille.praticien_id.numero_ordre or "",
            "type_soins": feuille.type_soins, "entente": feuille.entente_id.numero or "", "urgence": feuille.urgence,
            "nouveau_ne": feuille.nouveau_ne, "date_naissance_declaree": str(feuille.date_naissance_declaree or ""),
            "rang_naissance": feuille.rang_naissance or "", "remplace": feuille.numero}, [], feuille.numero,
            lignes=[{"prestation": ligne.prestation_id.code, "quantite": ligne.quantite, "prix_unitaire": int(ligne.prix_unitaire)}
                    for ligne in feuille.ligne_ids])

    # ------------------------------------------------------------------ ententes préalables
    @espace_formation("/my/formation/ententes/nouvelle", methods=["GET", "POST"])
    def demander_entente(self, **champs):
        """Formulaire, puis dépôt d'une demande d'entente et de ses photos."""
        erreur = None
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    entente = self._deposer_entente(champs)
                return request.redirect(f"/my/formation/ententes/{entente.id}")
            except UserError as refus:
                erreur = str(refus)
        return self._rendre("cnas_feuilles_soin.portail_entente_nouvelle", {"page": "demarches", "erreur": erreur, "champs": champs})

    @espace_formation("/my/formation/ententes/<int:entente_id>")
    def entente(self, entente_id, **_parametres):
        """Une demande : où elle en est, le temps qui reste, la réponse."""
        entente = self._entente(entente_id)
        if not entente:
            return request.redirect("/my/formation/ententes")
        return self._rendre("cnas_feuilles_soin.portail_entente", {"page": "demarches", "entente": entente.sudo()})

    @espace_formation("/my/formation/ententes/<int:entente_id>/reponse.pdf")
    def reponse_entente(self, entente_id, **_parametres):
        """Rend la réponse, avec le QR qui la vérifie."""
        entente = self._entente(entente_id).sudo()
        if entente.state not in ("accordee", "refusee", "expiree"):
            raise request.not_found()
        return self._pdf(entente._pdf(), f"entente_{entente.numero}.pdf")

    @espace_formation("/my/formation/ententes/<int:entente_id>/pieces/<int:piece_id>")
    def piece_entente(self, entente_id, piece_id, **_parametres):
        """Rend une pièce jointe à une demande de la formation."""
        return self._piece_jointe(self._entente(entente_id), piece_id)

    # ------------------------------------------------------------------ ce que la caisse sait de la formation
    @espace_formation("/my/formation/convention")
    def convention(self, **_parametres):
        """Conventions, agréments, praticiens affectés et carnets remis."""
        lire = request.env
        return self._rendre("cnas_feuilles_soin.portail_convention", {
            "page": "demarches", "conventions": lire["cnas.convention"].search([]).sudo(),
            "agrements": lire["cnas.agrement"].search([]).sudo(), "carnets": lire["cnas.carnet"].search([]).sudo(),
            "affectations": lire["cnas.affectation"].search([]).sudo()})

    @espace_formation(["/my/formation/tarifs", "/my/formation/tarifs/page/<int:numero_page>"])
    def tarifs(self, numero_page=1, q="", **_parametres):
        """La nomenclature en vigueur : tarif opposable, et ce que la formation ne peut pas facturer."""
        prestations, texte = request.env["cnas.prestation"].sudo(), q.strip()[:64]
        domaine = ["|", ("code", "ilike", texte), ("name", "ilike", texte)] if texte else []
        pages = pager("/my/formation/tarifs", prestations.search_count(domaine), page=numero_page, step=PAR_PAGE, url_args={"q": texte})
        montrees = prestations.search(domaine, limit=PAR_PAGE, offset=max(0, pages["offset"]), order="code")
        return self._rendre("cnas_feuilles_soin.portail_tarifs", {
            "page": "demarches", "q": texte, "pager": pages, "au": aujourd_hui(),
            "tarifs": request.env["cnas.feuille_soin"]._prestations_pour(self._formation_choisie(""), montrees)})

    # ------------------------------------------------------------------ usagers et jetons
    @espace_formation("/my/formation/usagers", methods=["GET", "POST"])
    def usagers(self, quoi="", name="", email="", formation="", usager="", **_parametres):
        """Ceux qui agissent pour la formation : inviter un collègue, ou le retirer."""
        erreur = fait = None
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    fait = self._agir_usager(quoi, name, email, formation, usager)
            except UserError as refus:
                erreur = str(refus)
        return self._rendre("cnas_feuilles_soin.portail_usagers", {"page": "demarches", "erreur": erreur, "fait": fait})

    @espace_formation("/my/formation/jetons", methods=["GET", "POST"])
    def jetons(self, quoi="", name="", password="", jeton="", **_parametres):
        """Les jetons d'accès du logiciel de la formation : clés d'API d'Odoo, aux droits de l'usager et à eux seuls."""
        erreur = cle = None
        cles = request.env["res.users.apikeys"].sudo().search([("user_id", "=", request.env.uid)])
        if request.httprequest.method == "POST":
            try:
                if quoi == "creer":
                    cle = self._creer_jeton(name, password)
                else:
                    retiree = cles.filtered(lambda c: str(c.id) == jeton)
                    if retiree:
                        retiree.sudo(False)._remove()
                        self._tracer_jeton("jeton_retire")
            except UserError as refus:
                erreur = str(refus)
            cles = request.env["res.users.apikeys"].sudo().search([("user_id", "=", request.env.uid)])
        return self._rendre("cnas_feuilles_soin.portail_jetons", {
            "page": "demarches", "erreur": erreur, "cle": cle, "jetons": cles, "base": request.env.cr.dbname,
            "adresse": request.env["ir.config_parameter"].sudo().get_param("web.base.url")})

    # ------------------------------------------------------------------ privé
    @staticmethod
    def _pdf(contenu, nom):
        return request.make_response(contenu, [
            ("Content-Type", "application/pdf"), ("Content-Disposition", content_disposition(nom)),
            ("Cache-Control", "private, no-store"), ("X-Content-Type-Options", "nosniff")])

    def _entente(self, entente_id):
        return self._chercher("cnas.entente_prealable", entente_id)

    @staticmethod
    def _piece_jointe(dossier, piece_id):
        """Rend le fichier s'il est joint à ce dossier lu par l'usager ; sinon 404, qu'il existe ou non."""
        piece = dossier.sudo().piece_ids.filtered(lambda p: p.id == piece_id)
        if not piece:
            raise request.not_found()
        piece.sudo(False)._journaliser_lecture()
        return request.env["ir.binary"].sudo()._get_stream_from(piece).get_response(as_attachment=True)

    @staticmethod
    def _documents_recus(champ):
        """Rend [(nom, octets, type)] des fichiers envoyés sous ce champ, ouverts jusqu'à la dernière page.

        :raise UserError: trop de fichiers, ou fichier illisible
        """
        fichiers = [f for f in request.httprequest.files.getlist(champ) if f.filename]
        if len(fichiers) > DOCUMENTS_MAX:
            raise UserError(_("Joignez %s fichiers au plus.", DOCUMENTS_MAX))
        lus = [(_CONTROLE.sub("", f.filename)[-128:], f.read(DOCUMENT_MO * 1024 ** 2 + 1)) for f in fichiers]
        return [(nom, octets, ouvrir_fichier(octets, nom, DOCUMENT_MO).mime) for nom, octets in lus]

    def _deposer_entente(self, champs):
        """Dépose la demande saisie. Rend l'entente.

        :raise UserError: ce qu'il faut corriger
        """
        lue = {nom: champs.get(nom, "").strip() for nom in (
            "formation", "matricule", "prestation", "quantite", "montant", "date_prevue", "pathologie", "justification")}
        lue.update(self._lire_carte(lue["matricule"][:400]), urgence=champs.get("urgence") == "on")
        lue["prestation"], lue["pathologie"] = self._code(lue["prestation"]), self._code(lue["pathologie"])
        return request.env["cnas.entente_prealable"]._demander(self._exiger_formation(lue["formation"]), lue, self._documents_recus("photos"))

    def _agir_usager(self, quoi, nom, courriel, code, usager):
        """Invite un collègue ou en retire un. Rend la phrase qui le dit.

        :raise UserError: ce qui l'empêche
        """
        formation = self._exiger_formation(code)
        if quoi == "inviter":
            return formation._inviter_collegue(nom, courriel)
        return formation._retirer_collegue(usager)

    def _creer_jeton(self, nom, mot_de_passe):
        """Rend la clé, montrée une fois. :raise UserError: nom vide, mot de passe faux, trop de jetons"""
        nom = nom.strip()[:64]
        if not nom:
            raise UserError(_("Donnez un nom à ce jeton : celui du logiciel qui s'en servira."))
        if request.env["res.users.apikeys"].sudo().search_count([("user_id", "=", request.env.uid)]) >= 5:
            raise UserError(_("Vous avez déjà cinq jetons : retirez celui qui ne sert plus."))
        request.env["cnas.journal"]._exiger_debit("jeton_demande")
        self._tracer_jeton("jeton_demande")
        try:
            request.env.user._check_credentials(mot_de_passe, {"interactive": True})
        except AccessDenied as refus:
            raise UserError(_("Ce mot de passe n'est pas le vôtre : le jeton n'est pas créé.")) from refus
        self._tracer_jeton("jeton_cree")
        return request.env["res.users.apikeys"]._generate("rpc", nom)

    @staticmethod
    def _tracer_jeton(evenement):
        request.env["cnas.journal"]._ajouter([{"modele": "res.users", "res_id": request.env.uid, "evenement": evenement}])


class VerificationEntente(http.Controller):
    """La page publique que lit le QR d'une réponse : authentique ou non, ni nom ni soin."""

    @page_publique("/cnas/verifier/entente/<string:jeton>", "cnas_feuilles_soin.verification_entente")
    def verifier_entente(self, jeton="", **_ignores):
        """Dit si une réponse d'entente est authentique et vaut encore."""
        entente = request.env["cnas.entente_prealable"].sudo()._trouver_par_jeton(jeton)
        return entente, {"entente": entente}
