import base64
import functools

from odoo import _, fields, http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

PAR_PAGE = 20


def espace_formation(chemin, **options):
    """Route de l'espace formation : connexion exigée, et retour à l'accueil d'Odoo pour qui n'en est pas."""
    def decorer(methode):
        @http.route(chemin, type="http", auth="user", **options)
        @functools.wraps(methode)
        def route(self, **parametres):
            if not request.env.user.has_group("cnas_base.group_portail_formation"):
                return request.redirect("/my")
            return methode(self, **parametres)
        return route
    return decorer


class PortailAccueil(CustomerPortal):
    """L'usager d'une formation arrive directement dans son espace."""

    @http.route()
    def home(self, **kw):
        if request.env.user.has_group("cnas_base.group_portail_formation"):
            return request.redirect("/my/formation")
        return super().home(**kw)


class PortailFormation(http.Controller):
    """Espace d'une formation sanitaire : pages légères (sans les feuilles de style d'Odoo), utilisables au téléphone.

    La règle d'enregistrement est le vrai mur : tout est cherché avec les droits de l'usager. Une feuille
    absente et une feuille interdite donnent la même réponse.
    """

    # ------------------------------------------------------------------ pages
    @espace_formation("/my/formation")
    def accueil(self, **parametres):
        """Comptes par état, vérification des droits, raccourcis."""
        comptes = {etat: nombre for etat, nombre in request.env["cnas.feuille_soin"]._read_group(
            self._domaine_feuilles(), ["state"], ["__count"])}
        etats = self._etats()
        return self._rendre("cnas_feuilles_soin.portail_accueil", {
            "page": "accueil",
            "comptes": [(cle, libelle, comptes.get(cle, 0)) for cle, libelle in etats.items() if cle != "brouillon"],
        })

    @espace_formation("/my/formation/droits")
    def droits(self, matricule="", date="", **parametres):
        """Vérifie les droits d'un assuré à une date (matricule, numéro de carte ou contenu du QR)."""
        resultat, erreur = None, None
        if matricule.strip():
            try:
                resultat = self._verifier_droits(matricule, date)
            except UserError as refus:
                erreur = str(refus)
        return self._rendre("cnas_feuilles_soin.portail_droits", {
            "page": "droits", "matricule": matricule.strip(), "resultat": resultat, "erreur": erreur,
            "date": date or fields.Date.to_string(fields.Date.context_today(request.env.user)),
        })

    @espace_formation(["/my/formation/feuilles", "/my/formation/feuilles/page/<int:numero_page>"])
    def feuilles(self, numero_page=1, etat="", recherche="", **parametres):
        """Liste des feuilles de la formation, vingt par page."""
        domaine = self._domaine_feuilles()
        if etat in self._etats():
            domaine.append(("state", "=", etat))
        if recherche.strip():
            texte = recherche.strip()[:64]
            domaine += ["|", ("numero", "ilike", texte), ("reference", "ilike", texte)]
        feuilles = request.env["cnas.feuille_soin"]
        total = feuilles.search_count(domaine)
        pages = max(1, -(-total // PAR_PAGE))
        numero_page = min(max(1, numero_page), pages)
        return self._rendre("cnas_feuilles_soin.portail_feuilles", {
            "page": "feuilles", "total": total, "pages": pages, "numero_page": numero_page,
            "etat": etat, "recherche": recherche.strip(),
            "feuilles": feuilles.search(
                domaine, limit=PAR_PAGE, offset=(numero_page - 1) * PAR_PAGE, order="date_depot desc, id desc").sudo(),
        })

    @espace_formation("/my/formation/feuilles/<int:feuille_id>")
    def feuille(self, feuille_id, message="", **parametres):
        """Une feuille : lignes, montants, motifs, pièces ; en instance, de quoi compléter."""
        feuille = self._feuille(feuille_id)
        if not feuille:
            return request.redirect("/my/formation/feuilles")
        return self._rendre_feuille(feuille, message="pieces_recues" if message == "pieces_recues" else "")

    @espace_formation("/my/formation/feuilles/<int:feuille_id>/completer", methods=["POST"])
    def completer(self, feuille_id, type_piece="", **parametres):
        """Reçoit des pièces pour un dossier en instance et le remet dans le circuit s'il est complet."""
        feuille = self._feuille(feuille_id)
        if not feuille:
            return request.redirect("/my/formation/feuilles")
        try:
            with request.env.cr.savepoint():
                self._recevoir_pieces(feuille, type_piece)
        except UserError as refus:
            return self._rendre_feuille(feuille, erreur=str(refus))
        self._regulariser_si_complet(feuille)
        return request.redirect(f"/my/formation/feuilles/{feuille.id}?message=pieces_recues")

    @espace_formation("/my/formation/pieces/<int:piece_id>")
    def piece(self, piece_id, **parametres):
        """Rend le fichier d'une pièce de la formation."""
        try:
            piece = request.env["cnas.feuille_soin.piece"].browse(piece_id)
            piece.check_access_rule("read")
            piece = piece.sudo().exists()
        except (AccessError, MissingError):
            piece = None
        if not piece:
            return request.redirect("/my/formation/feuilles")
        return request.env["ir.binary"].sudo()._get_stream_from(piece.attachment_id).get_response(as_attachment=True)

    # ------------------------------------------------------------------ privé
    def _rendre(self, gabarit, valeurs):
        return request.render(gabarit, {
            "formations": request.env.user.sudo().formation_ids,
            "etats": self._etats(), "montant": self._montant, "jour": self._jour,
            "usager": request.env.user, **valeurs,
        })

    def _rendre_feuille(self, feuille, message="", erreur=None):
        motifs = {}
        for anomalie in feuille.sudo().anomalie_ids.filtered(lambda a: a.state == "ouverte"):
            motifs.setdefault(anomalie.ligne_id.id, []).append(anomalie)
        return self._rendre("cnas_feuilles_soin.portail_feuille", {
            "page": "feuilles", "feuille": feuille.sudo(), "motifs": motifs, "erreur": erreur,
            "message": _("Pièces reçues : merci.") if message == "pieces_recues" else "",
            "types_piece": request.env["cnas.type_piece"].sudo().search([("usage", "=", "feuille")]),
            "demandes": feuille.sudo().demande_ids.filtered(lambda d: d.state == "en_attente"),
        })

    def _domaine_feuilles(self):
        return [("formation_id", "in", request.env.user.sudo().formation_ids.ids)]

    def _feuille(self, feuille_id):
        """Rend la feuille si l'usager peut la lire, un ensemble vide sinon."""
        return request.env["cnas.feuille_soin"].search([("id", "=", feuille_id), *self._domaine_feuilles()])

    def _etats(self):
        return dict(request.env["cnas.feuille_soin"].sudo()._fields["state"]._description_selection(request.env))

    def _verifier_droits(self, matricule, date=""):
        # Le QR d'une carte porte « version|matricule|carte|… » : le matricule suffit.
        morceaux = matricule.strip()[:400].split("|")
        return request.env["cnas.assure"].sudo().verifier_droits(
            morceaux[1] if len(morceaux) > 2 else morceaux[0], date or False)

    def _recevoir_pieces(self, feuille, type_piece):
        fichiers = [f for f in request.httprequest.files.getlist("fichiers") if f.filename]
        if not fichiers:
            raise UserError(_("Choisissez au moins un fichier."))
        if feuille.sudo().state != "instance":
            raise UserError(_("Cette feuille n'attend plus de pièce."))
        types = request.env["cnas.type_piece"].sudo().search([("code", "=", type_piece[:64]), ("usage", "=", "feuille")])
        pieces = request.env["cnas.feuille_soin.piece"].sudo()
        for fichier in fichiers[:10]:
            pieces.create({
                "feuille_id": feuille.id, "type_id": types.id, "name": fichier.filename,
                "contenu": base64.b64encode(fichier.read())})
        feuille.sudo()._message_log(body=_("%(nombre)s pièce(s) envoyée(s) par la formation (%(qui)s).",
                                           nombre=len(fichiers[:10]), qui=request.env.user.name))

    def _regulariser_si_complet(self, feuille):
        """Remet le dossier dans le circuit ; s'il manque encore une pièce, il reste en instance."""
        try:
            with request.env.cr.savepoint():
                feuille.sudo().action_regulariser()
        except UserError:
            return

    @staticmethod
    def _montant(valeur):
        return f"{int(valeur or 0):,}".replace(",", "\u202f")

    @staticmethod
    def _jour(valeur):
        return valeur.strftime("%d/%m/%Y") if valeur else ""
