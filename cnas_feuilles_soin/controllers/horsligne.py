"""L'espace formation sans réseau : la page qui s'ouvre hors ligne, ce qu'elle emporte, ce qu'elle envoie au retour."""
import base64
import functools
import gzip
import hashlib
import json
import re
import time
from pathlib import Path

from werkzeug.exceptions import NotFound

from odoo import SUPERUSER_ID, _, fields, http
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import file_open, file_path
from odoo.tools.translate import code_translations

from odoo.addons.cnas_base.controllers.portail import propre
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.web.controllers.session import Session

from .portail import FICHIERS_MAX
from .portail_saisie import PortailSaisie

GROUPE = "cnas_base.group_portail_formation"
COQUILLE = "/my/formation/horsligne"
STATIQUE = "cnas_feuilles_soin/static/src/"
PATHOLOGIES_MAX = 1500


def modules():
    """Rend {nom: fichier} des modules du téléphone."""
    return {chemin.stem: chemin for chemin in sorted(Path(file_path(f"{STATIQUE}horsligne")).glob("*.js")) if chemin.stem != "sw"}


def alleger(chemin):
    """Rend le texte d'un module sans ses commentaires ni son retrait : un quart de moins à passer en 2G."""
    return re.sub(r"^[ ]+|^[ ]*//.*\n|^\n", "", chemin.read_text(encoding="utf-8"), flags=re.M)


def phrases(langue):
    """Rend le script qui donne aux autres leurs phrases dans cette langue : celles que l'export d'Odoo a relevées dans leur code."""
    lues = {dite["id"]: dite["string"] for dite in code_translations.get_web_translations("cnas_feuilles_soin", langue)["messages"]}
    return alleger(Path(file_path(f"{STATIQUE}portail/phrases.js"))).replace('"@PHRASES@"', json.dumps(lues, ensure_ascii=False))


def compresser(reponse):
    """Compresse ce qui le mérite, même sans nginx devant : trois fois moins à passer en 2G."""
    if "gzip" in request.httprequest.headers.get("Accept-Encoding", "") and len(reponse.get_data()) > 1000:
        reponse.set_data(gzip.compress(reponse.get_data(), mtime=0))
        reponse.headers.update({"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
    return reponse


def route_telephone(chemin, **options):
    """Route JSON du téléphone : session finie 401, compte fermé ou retiré 403, refus du métier 200 avec ses phrases."""
    def decorer(methode):
        @http.route(chemin, type="http", auth="public", **options)
        @functools.wraps(methode)
        def route(self, **parametres):
            usager = request.env.user
            if usager._is_public():
                return self._json({"erreurs": [_("Votre session a expiré : reconnectez-vous, la saisie reste sur l'appareil.")]}, 401)
            if not usager.active or not usager.has_group(GROUPE) or not usager.sudo().formation_ids:
                return self._json({"erreurs": [_(
                    "Votre compte n'est plus rattaché à une formation : la saisie reste sur l'appareil, appelez la CNAS.")]}, 403)
            try:
                with request.env.cr.savepoint():
                    return methode(self, **{nom: propre(valeur) for nom, valeur in parametres.items()})
            except UserError as refus:
                return self._json({"erreurs": [str(refus)]})
        return route
    return decorer


class PortailHorsLigne(PortailSaisie):
    """Ce que l'appareil emporte ne nomme aucun assuré ; ce qu'il envoie passe par `importer`, comme une saisie en ligne."""

    # ------------------------------------------------------------------ la coquille
    @http.route(COQUILLE, type="http", auth="public", methods=["GET"], sitemap=False)
    def coquille(self, **_ignores):
        """La page qui s'ouvre sans réseau : dans une langue, la même pour tous, sans donnée ; l'appareil y montre les siennes."""
        return compresser(request.make_response(
            self._page(), [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-cache")]))

    @http.route(f"{COQUILLE}/<string:nom>.js", type="http", auth="public", methods=["GET"], sitemap=False, save_session=False)
    def module(self, nom, **_ignores):
        """Un module du téléphone ; le service worker le garde, et sait quand il change."""
        chemin = modules().get(nom)
        if not chemin:
            raise NotFound()
        return self._script(alleger(chemin), ("Cache-Control", "max-age=86400"))

    @http.route(f"{COQUILLE}/phrases/<string:langue>.js", type="http", auth="public", methods=["GET"], sitemap=False, save_session=False)
    def phrases(self, langue, **_ignores):
        """Les phrases des scripts dans une langue ; gardées avec la page, elles se lisent sans réseau."""
        if langue not in request.env["res.lang"]._offertes():
            raise NotFound()
        return self._script(phrases(langue), ("Cache-Control", "max-age=86400"))

    @http.route("/my/formation/sw.js", type="http", auth="public", methods=["GET"], sitemap=False, save_session=False)
    def service_worker(self, **_ignores):
        """Le service worker ; sa version change dès qu'un fichier de la coquille change, ou la langue de l'usager."""
        page, langue, somme = self._page(), request.env.lang, hashlib.sha256()
        # Ce que la page cite de commun (style, icône), puis tous les modules.
        cites = re.findall(r'(?:href|src)="(/[^"/]+/static/[^"]+)"', page)
        textes = [page.encode(), phrases(langue).encode(), *(Path(file_path(c.lstrip("/"))).read_bytes() for c in cites),
                  *(chemin.read_bytes() for chemin in modules().values())]
        for texte in textes:
            somme.update(texte)
        fichiers = list(dict.fromkeys([*cites, f"{COQUILLE}/phrases/{langue}.js", *(f"{COQUILLE}/{nom}.js" for nom in modules())]))
        with file_open(f"{STATIQUE}horsligne/sw.js") as fichier:
            texte = fichier.read().replace('"@FICHIERS@"', json.dumps(fichiers)).replace("@VERSION@", somme.hexdigest()[:16])
        return self._script(texte, ("Cache-Control", "no-cache"), ("Service-Worker-Allowed", "/my/formation"))

    @staticmethod
    def _page():
        page = str(request.env["ir.qweb"].sudo()._render("cnas_feuilles_soin.portail_horsligne", lang=request.env.lang))
        return "<!DOCTYPE html>\n" + re.sub(r">\s+<", "> <", page)

    @staticmethod
    def _script(texte, *entetes):
        return compresser(request.make_response(texte, [("Content-Type", "text/javascript; charset=utf-8"), *entetes]))

    # ------------------------------------------------------------------ ce que l'appareil emporte
    @route_telephone(f"{COQUILLE}/session.json", methods=["GET"])
    def session(self, **parametres):
        """Rend qui est connecté, l'heure du serveur et de quoi envoyer."""
        formations = request.env.user.sudo().formation_ids
        return self._json({"usager": request.env.uid, "jeton": request.csrf_token(), "heure": int(time.time() * 1000),
                               "formations": [{"code": f.code, "nom": f.name} for f in formations]})

    @route_telephone(f"{COQUILLE}/cartes.json", methods=["GET"])
    def cartes(self, seaux="", **parametres):
        """Rend la liste signée et datée des cartes qui ne valent pas, ou ce qui en a changé depuis celle que l'appareil décrit."""
        cartes = request.env["cnas.carte"].sudo()
        liste = cartes._liste_hors_ligne()
        return self._repondre_si_change(liste, lambda: cartes._ecart_hors_ligne(liste, self._octets(seaux)))

    @route_telephone(f"{COQUILLE}/referentiel.json", methods=["GET"])
    def referentiel(self, **parametres):
        """Rend, pour ses formations, les prestations permises au niveau, leurs tarifs du jour, et les listes de la saisie."""
        praticiens = request.env["cnas.praticien"].search_fetch([], ["numero_ordre", "name"], order="name")
        return self._repondre_si_change({
            "formations": {f.code: self._prestations_permises(f) for f in request.env.user.sudo().formation_ids},
            "pathologies": self._pathologies_utiles(),
            "praticiens": [[p.numero_ordre, p.name] for p in praticiens],
            "pieces": [[t.code, t.name] for t in self._types_piece()],
            "taille_max": request.env["cnas.parametre"].sudo()._au("taille_max_piece_mo", aujourd_hui()),
        })

    # ------------------------------------------------------------------ ce qu'il envoie
    @route_telephone(f"{COQUILLE}/envoi/<string:identifiant>/bloc", methods=["POST"])
    def bloc(self, identifiant, formation="", empreinte="", taille="", debut="", **parametres):
        """Reçoit un bloc d'une photo ; rend combien d'octets en sont arrivés."""
        envoi = self._envoi(formation, identifiant)
        if envoi.feuille_id:
            return self._json(self._deposee(envoi))
        fichier = request.httprequest.files.get("bloc")
        taille, debut = self._nombre(taille), self._nombre(debut)
        if not fichier or isinstance(taille, str) or isinstance(debut, str):
            raise UserError(_("Un fichier est arrivé illisible : choisissez-le de nouveau."))
        return self._json({"recu": envoi._recevoir_bloc(empreinte, taille, debut, fichier.read())})

    @route_telephone(f"{COQUILLE}/envoi/<string:identifiant>", methods=["POST"])
    def envoyer(self, identifiant, formation="", **champs):
        """Dépose la feuille, une fois : rejouer rend la même réponse ; refusée, elle dit pourquoi et reste sur l'appareil."""
        envoi = self._envoi(formation, identifiant)
        if not envoi.feuille_id:
            feuille = self._feuille_saisie({**champs, "formation": formation})
            feuille["pieces"] = pieces = self._pieces_envoyees(envoi)
            if pieces is None:
                return self._json({"reprendre": True, "erreurs": [_("Une photo n'est pas entièrement arrivée : l'envoi reprend.")]})
            resultat = self._importer([feuille])[0]
            if resultat["erreurs"]:
                return self._json({"erreurs": resultat["erreurs"]})
            envoi._clore(resultat["id"])
        return self._json(self._deposee(envoi))

    # ------------------------------------------------------------------ privé
    def _envoi(self, code, identifiant):
        """Rend l'envoi, pour une formation de l'usager.

        :raise UserError: la formation n'est pas (ou plus) la sienne
        """
        formation = request.env.user.sudo().formation_ids.filtered(lambda f: f.code == code)
        if not formation:
            raise UserError(_("La formation de cette feuille n'est plus la vôtre : la saisie reste sur l'appareil, appelez la CNAS."))
        return request.env["cnas.envoi"].sudo()._ouvrir(formation, identifiant)

    @staticmethod
    def _deposee(envoi):
        return {"id": envoi.feuille_id.id, "numero": envoi.feuille_id.numero}

    def _pieces_envoyees(self, envoi):
        """Rend les pièces au format d'`importer`, dans l'ordre de l'appareil ; None si l'une n'est pas tout arrivée.

        :raise UserError: trop de fichiers
        """
        formulaire = request.httprequest.form
        annoncees = list(zip(*(formulaire.getlist(nom) for nom in ("piece_empreinte", "piece_type", "piece_nom"))))
        if len(annoncees) > FICHIERS_MAX:
            raise UserError(_("Envoyez au plus %s fichiers à la fois.", FICHIERS_MAX))
        fichiers = envoi._fichiers([empreinte[:64] for empreinte, *_reste in annoncees])
        if any(empreinte not in fichiers for empreinte, *_reste in annoncees):
            return None
        return [{"type": propre(code)[:64], "nom": propre(nom)[:255] or _("photo"),
                 "contenu": base64.b64encode(fichiers[empreinte]).decode()} for empreinte, code, nom in annoncees]

    def _prestations_permises(self, formation):
        """Rend {"nom", "niveau", "prestations": [[code, nom, tarif du jour ou 0]]}."""
        jour, modele = aujourd_hui(), request.env["cnas.prestation"].sudo()
        niveau = formation._niveau_au(jour)
        permises = modele.search_fetch([("niveau_min", "<=", niveau)], ["code", "name"], order="code")
        tarifs = modele.tarif_applicable(permises.mapped("code"), fields.Date.to_string(jour), niveau or False)
        return {"nom": formation.name, "niveau": niveau,
                "prestations": [[p.code, p.name, (tarifs[p.code] or {}).get("montant", 0)] for p in permises]}

    def _pathologies_utiles(self):
        """Rend [[code, nom]], les plus déclarées d'abord quand la nomenclature ne tiendrait pas dans un téléphone."""
        modele = request.env["cnas.pathologie"].sudo()
        if modele.search_count([]) > PATHOLOGIES_MAX:
            request.env.cr.execute("""
                SELECT p.id FROM cnas_pathologie p LEFT JOIN cnas_feuille_soin f ON f.pathologie_id = p.id
                 WHERE p.active GROUP BY p.id ORDER BY count(f.id) DESC, p.code LIMIT %s""", [PATHOLOGIES_MAX])
            utiles = modele.browse([identifiant for (identifiant,) in request.env.cr.fetchall()])
        else:
            utiles = modele.search([])
        utiles.fetch(["code", "name"])
        return sorted([p.code, p.name] for p in utiles)

    def _repondre_si_change(self, donnees, abreger=None):
        """Rend le contenu, ou 304 si l'appareil l'a déjà : l'empreinte ne dépend que de lui.

        :param abreger: rend ce qui passe à la place du contenu, sous la même empreinte
        """
        reponse = self._json(donnees)
        etag = hashlib.sha256(reponse.get_data()).hexdigest()[:32]
        if abreger and etag not in request.httprequest.if_none_match:
            reponse = self._json(abreger())
        reponse.set_etag(etag)
        return compresser(reponse).make_conditional(request.httprequest)

    @staticmethod
    def _octets(texte):
        """Rend les octets d'un texte en base64url, vides s'il n'en est pas."""
        try:
            return base64.urlsafe_b64decode(texte[:2048].encode())
        except ValueError:
            return b""


class SessionPortail(Session):
    """Se déconnecter vide l'appareil : saisies, clé, page hors ligne."""

    @http.route()
    def logout(self, **parametres):
        usager = request.env["res.users"].with_user(SUPERUSER_ID).browse(request.session.uid or 0)
        # Un lien posé sur un autre site déconnecterait aussi : il n'effacera pas vingt feuilles avec.
        vider = usager.id and usager.has_group(GROUPE) and request.httprequest.headers.get("Sec-Fetch-Site") == "same-origin"
        reponse = super().logout(**parametres)
        if vider:
            reponse.headers["Clear-Site-Data"] = '"storage"'
        return reponse
