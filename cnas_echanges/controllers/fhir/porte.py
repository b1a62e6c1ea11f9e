from urllib.parse import parse_qsl, urlsplit

from odoo import SUPERUSER_ID, _, fields, http, release
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from odoo.addons.cnas_base.controllers.portail import CONTROLE
from odoo.addons.cnas_base.erreurs import CONCURRENCE, dire
from odoo.addons.cnas_base.impression.langue import FRANCAIS
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import montrer

from ...fhir.elements import IDENTIFIANT
from ...fhir.erreur import FhirErreur, resultat
from ...fhir.reception import TAILLE_MAX, lire_corps
from .demandes import Claim, ClaimResponse, phrase
from .offre import ChargeItemDefinition, Organization, Practitioner
from .paiements import PaymentNotice, PaymentReconciliation
from .paquet import Paquet, octets, page
from .personnes import Coverage, CoverageEligibilityRequest, CoverageEligibilityResponse, Patient

RESSOURCES = {classe.type: classe for classe in (
    ChargeItemDefinition, Claim, ClaimResponse, Coverage, CoverageEligibilityRequest, CoverageEligibilityResponse, Organization, Patient,
    PaymentNotice, PaymentReconciliation, Practitioner)}
JSON = "application/fhir+json; charset=utf-8"
PAR_PAGE, PAGE_MAX, DECALAGE_MAX = 20, 100, 1_000_000
# Ce qui règle la page, pas ce qu'on y cherche.
REGLAGES = ("_count", "_offset", "_format", "_summary", "_total")
CRITERES_MAX = 20


class Fhir(http.Controller):
    """La porte FHIR R4 : un jeton porteur (clé d'API d'Odoo), les droits de son usager, et eux seuls.

    Rien n'y a de règle à soi : `importer`, `verifier_droits`, les règles d'enregistrement et la garde font tout. Une
    réponse est toujours du FHIR, refus compris ; ce qui est refusé n'a rien écrit.
    """

    @http.route(["/fhir", "/fhir/<path:chemin>"], type="http", auth="none", csrf=False, save_session=False, sitemap=False)
    def porte(self, chemin="", **_parametres):
        """Toute la porte : l'énoncé des capacités sans jeton, le reste avec lui."""
        try:
            if request.httprequest.method in ("GET", "HEAD") and chemin.strip("/") == "metadata":
                return self._repondre(200, capacites(self._base()))
            self._exiger_json()
            self._entrer()
            with request.env.cr.savepoint():
                statut, rendu = self._aiguiller(chemin)
                request.env.flush_all()
            return self._repondre(statut, rendu)
        except FhirErreur as refus:
            self.tracer(refus)
            return self._refuser(refus)
        except CONCURRENCE:
            raise
        except AccessError as refus:
            return self._refuser(FhirErreur(phrase(refus), 403, "forbidden"))
        except MissingError:
            return self._refuser(FhirErreur(_("Cette ressource n'existe plus."), 404, "not-found"))
        except UserError as refus:
            return self._refuser(FhirErreur(phrase(refus), 422, "processing"))
        except Exception as erreur:  # noqa: BLE001 : la trace va au journal, l'appelant reçoit sa référence
            return self._refuser(FhirErreur(str(dire(request.env, erreur) or erreur), 500, "exception"))

    # ------------------------------------------------------------------ entrer
    @staticmethod
    def _entrer():
        """Reconnaît le jeton porteur ; l'usager qui s'en sert n'a que ses droits."""
        mots = request.httprequest.headers.get("Authorization", "").split()
        usagers = request.env["res.users"].with_user(SUPERUSER_ID)
        if usagers._trop_d_essais():
            raise FhirErreur(_("Trop d'essais de cette adresse : attendez une minute."), 429, "throttled")
        jeton = mots[1] if len(mots) == 2 and mots[0].lower() == "bearer" and mots[1].isascii() and 20 <= len(mots[1]) <= 200 else ""
        cles = request.env["res.users.apikeys"].with_user(SUPERUSER_ID)
        uid = cles._check_credentials(scope="rpc", key=jeton) if jeton and all(c in "0123456789abcdef" for c in jeton[:8].lower()) else None
        if not uid:
            raise FhirErreur(_("Donnez un jeton d'accès valable : « Authorization: Bearer … ». La formation le crée dans son espace."), 401, "login")
        request.update_env(user=uid)
        request.update_context(lang=FRANCAIS, tz="Africa/Ndjamena")

    @staticmethod
    def _exiger_json():
        if (request.httprequest.content_length or 0) > TAILLE_MAX:
            raise FhirErreur(_("L'envoi dépasse %s Mo : découpez-le.", TAILLE_MAX // 1048576), 413, "too-long")
        genre = request.httprequest.mimetype
        if request.httprequest.method in ("POST", "PUT", "PATCH") and genre not in (
                "", "application/json", "application/fhir+json", "application/x-www-form-urlencoded"):
            raise FhirErreur(_("Envoyez du JSON (application/fhir+json) ; reçu : %s.", montrer(genre)), 415, "not-supported")
        voulus = request.httprequest.headers.get("Accept", "*/*").lower()
        if "json" not in voulus and "*/*" not in voulus and "application/*" not in voulus:
            raise FhirErreur(_("Seul JSON se rend : demandez application/fhir+json."), 406, "not-supported")

    # ------------------------------------------------------------------ aiguiller
    @staticmethod
    def tracer(refus):
        """Garde la trace d'une vérification vaine : deviner des numéros se compte comme les lire."""
        if refus.verifie and request.env.uid:
            request.env["cnas.assure"]._tracer_verification(refus.verifie, aujourd_hui(), False)

    @property
    def env(self):
        """L'environnement de l'usager du jeton."""
        return request.env if request else None  # Odoo lit les attributs du contrôleur hors de toute requête

    def _aiguiller(self, chemin):
        methode = "GET" if request.httprequest.method == "HEAD" else request.httprequest.method
        if not chemin.strip("/"):
            if methode != "POST":
                raise FhirErreur(_("À la racine, envoyez un « Bundle » par POST."), 405, "not-supported")
            return 200, Paquet(self, self._corps()).traiter()
        entetes = request.httprequest.headers
        formulaire = chemin.rstrip("/").endswith("/_search")
        if methode not in ("GET", "POST", "PUT"):
            raise FhirErreur(_("%s n'est pas permis : rien ne s'efface ni ne se retouche par cette porte.", methode), 405, "not-supported")
        ressource = self._corps() if methode in ("POST", "PUT") and not formulaire else None
        adresse = f"{chemin}?{request.httprequest.query_string.decode('utf-8', 'replace')}"
        if formulaire and methode == "POST":
            if request.httprequest.mimetype not in ("", "application/x-www-form-urlencoded"):
                raise FhirErreur(_("« _search » reçoit un formulaire : application/x-www-form-urlencoded."), 415, "not-supported")
            recus = [*request.httprequest.args.items(multi=True), *request.httprequest.form.items(multi=True)]
            return self._chercher(chemin.strip("/").split("/")[0], recus)
        return self.mener(methode, adresse, ressource, {nom: entetes.get(nom) for nom in ("If-None-Exist", "If-Match")})

    @staticmethod
    def _corps():
        return lire_corps(request.httprequest.get_data(cache=True))

    def mener(self, methode, adresse, recue, entetes):
        """Mène une interaction ; rend (statut, ressource).

        :param adresse: relative : « Claim », « Claim/12 », « Claim?patient=… »
        :param recue: la ressource envoyée
        :param entetes: {If-None-Exist, If-Match}
        """
        try:
            decoupee = urlsplit(adresse)
        except ValueError as erreur:
            raise FhirErreur(_("Adresse illisible : %s.", montrer(adresse)), 400, "invalid") from erreur
        morceaux = [morceau for morceau in decoupee.path.split("/") if morceau]
        if not morceaux or CONTROLE.search(adresse):
            raise FhirErreur(_("Adresse inconnue : %s.", montrer(adresse)), 404, "not-found")
        type_ressource, suite = morceaux[0], morceaux[1:]
        ressource = self.ressource(type_ressource)
        if not suite:
            if methode == "GET":
                return self._chercher(type_ressource, parse_qsl(decoupee.query, keep_blank_values=True))
            if methode == "POST":
                return self._creer(ressource, recue, entetes.get("If-None-Exist"))
        elif suite == ["_search"] and methode == "GET":
            return self._chercher(type_ressource, parse_qsl(decoupee.query, keep_blank_values=True))
        elif suite == ["$submit"] and methode == "POST":
            return 200, ressource.soumettre(recue)
        elif len(suite) == 1 and IDENTIFIANT.fullmatch(suite[0]):
            if methode == "GET":
                return 200, self._lire(ressource, suite[0])
            if methode == "PUT":
                # donné mais vide ou tordu, il ne vaut pas « absent » : il ne désigne aucune version
                voulu = entetes.get("If-Match")
                attendue = None if voulu is None else voulu.strip().removeprefix("W/").strip('"')
                return 200, ressource.remplacer(suite[0], recue, attendue)
        elif len(suite) == 3 and suite[1] == "_history" and methode == "GET" and IDENTIFIANT.fullmatch(suite[0]):
            lue = self._lire(ressource, suite[0])
            if (lue.get("meta") or {}).get("versionId") != suite[2]:
                raise FhirErreur(_("Seule la version en cours se lit."), 404, "not-found")
            return 200, lue
        if methode in ("POST", "PUT"):
            raise FhirErreur(_("%(methode)s n'est pas permis sur « %(adresse)s ».", methode=methode, adresse=montrer(decoupee.path)), 405, "not-supported")
        raise FhirErreur(_("Adresse inconnue : « %s ».", montrer(decoupee.path)), 404, "not-found")

    def ressource(self, type_ressource):
        """Rend l'objet d'un type de ressource, si l'usager l'ouvre."""
        classe = RESSOURCES.get(type_ressource)
        if not classe:
            raise FhirErreur(_("Type de ressource inconnu ou non servi : %(type)s. Voir « metadata ».", type=montrer(type_ressource)), 404, "not-supported")
        if not any(self.env.user.has_group(groupe) for groupe in classe.groupes):
            raise FhirErreur(_("Votre compte n'ouvre pas « %s ».", type_ressource), 403, "forbidden")
        return classe(self.env)

    def _lire(self, ressource, identifiant):
        lue = ressource.lire(identifiant)
        if not lue:
            raise FhirErreur(_("Aucune ressource « %(type)s/%(id)s ».", type=ressource.type, id=identifiant), 404, "not-found")
        return lue

    def _creer(self, ressource, recue, condition):
        if condition:
            criteres = parse_qsl(urlsplit(f"?{condition.lstrip('?')}").query, keep_blank_values=True)
            if not criteres:
                raise FhirErreur(_("« If-None-Exist » : écrivez un critère, « identifier=… »."), 400, "invalid")
            total, trouvees = ressource.chercher(self._criteres(ressource, criteres), 0, 2)
            if total == 1:
                return 200, trouvees[0]
            if total > 1:
                raise FhirErreur(_("« If-None-Exist » trouve plusieurs ressources : précisez."), 412, "multiple-matches")
        cree, nouvelle = ressource.creer(recue)
        return 201 if nouvelle else 200, cree

    # ------------------------------------------------------------------ chercher
    def _chercher(self, type_ressource, parametres):
        ressource = self.ressource(type_ressource)
        if "search-type" not in ressource.interactions:
            raise FhirErreur(_("« %s » ne se cherche pas : lisez-la par son identifiant.", type_ressource), 405, "not-supported")
        reglages = {nom: valeur for nom, valeur in parametres if nom in REGLAGES}
        if reglages.get("_format", "json") not in ("json", "application/json", "application/fhir+json", "application/fhir json"):
            raise FhirErreur(_("« _format » : seul « json » se rend."), 406, "not-supported")
        nombre = min(self._entier(reglages, "_count", PAR_PAGE, DECALAGE_MAX), PAGE_MAX)
        decalage = self._entier(reglages, "_offset", 0, DECALAGE_MAX)
        if reglages.get("_summary", "false") not in ("false", "count"):
            raise FhirErreur(_("« _summary » : « count » ou « false »."), 400, "not-supported")
        if reglages.get("_summary") == "count":
            nombre = 0
        gardes = [(nom, valeur) for nom, valeur in parametres if nom not in REGLAGES]
        total, ressources = ressource.chercher(self._criteres(ressource, gardes), decalage, nombre)
        return 200, page(self._base(), type_ressource, gardes, total, ressources, decalage, nombre)

    @staticmethod
    def _entier(reglages, nom, defaut, maximum):
        texte = reglages.get(nom, "")
        if not texte:
            return defaut
        if not (texte.isascii() and texte.isdigit() and len(texte) < 8 and int(texte) <= maximum):
            raise FhirErreur(_("« %(nom)s » doit être un nombre ; reçu : %(lu)s.", nom=nom, lu=montrer(texte)), 400, "value")
        return int(texte)

    @staticmethod
    def _criteres(ressource, parametres):
        """Rend les critères connus ; un critère inconnu se refuse : l'ignorer rendrait plus que demandé."""
        if len(parametres) > CRITERES_MAX:
            raise FhirErreur(_("Au plus %s critères.", CRITERES_MAX), 400, "too-costly")
        for nom, valeur in parametres:
            if nom not in ressource.parametres:
                raise FhirErreur(_("Critère inconnu : %(nom)s. « %(type)s » se cherche par : %(choix)s.", nom=montrer(nom), type=ressource.type,
                                   choix=", ".join(ressource.parametres) or "—"), 400, "not-supported")
            if not valeur or len(valeur) > 400 or CONTROLE.search(valeur):
                raise FhirErreur(_("« %s » : valeur vide ou illisible.", nom), 400, "value")
        return parametres

    # ------------------------------------------------------------------ répondre
    @staticmethod
    def _base():
        return request.httprequest.url_root.rstrip("/") + "/fhir"

    def _repondre(self, statut, rendu):
        meta = rendu.get("meta") or {}
        entetes = [("Content-Type", JSON), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
        if meta:
            etag = f'W/"{meta["versionId"]}"'
            entetes += [("ETag", etag), ("Last-Modified", f"{fields.Datetime.to_datetime(meta['lastUpdated'][:19].replace('T', ' ')):%a, %d %b %Y %H:%M:%S} GMT")]
            if request.httprequest.method == "GET" and etag in request.httprequest.headers.get("If-None-Match", ""):
                return request.make_response(b"", entetes, status=304)
        if statut == 201 and rendu.get("id"):
            entetes.append(("Location", f"{self._base()}/{rendu['resourceType']}/{rendu['id']}"
                            + (f"/_history/{meta['versionId']}" if meta else "")))
        minimal = request.httprequest.method in ("POST", "PUT") and "return=minimal" in request.httprequest.headers.get("Prefer", "")
        return request.make_response(b"" if minimal and rendu["resourceType"] in RESSOURCES else octets(rendu), entetes, status=statut)

    @staticmethod
    def _refuser(refus):
        entetes = [("Content-Type", JSON), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
        if refus.statut == 401:
            entetes.append(("WWW-Authenticate", 'Bearer realm="CNAS"'))
        return request.make_response(octets(resultat(refus.fautes)), entetes, status=refus.statut)


def capacites(base):
    """Rend le CapabilityStatement, tiré de la table des ressources : il ne peut annoncer que ce qui marche."""
    return {
        "resourceType": "CapabilityStatement", "status": "active", "date": "2026-11-27", "kind": "instance", "fhirVersion": "4.0.1",
        "format": ["json"], "publisher": "CNAS", "language": "fr", "implementation": {"description": "CNAS — porte FHIR", "url": base},
        "software": {"name": "CNAS", "version": release.series},
        "rest": [{
            "mode": "server", "documentation": "Jeton porteur : une clé d'accès créée dans l'espace de la formation. Voir doc/echanges.md.",
            "security": {"cors": False, "description": "Authorization: Bearer <jeton>, aux droits de son usager et à eux seuls."},
            "resource": [_capacite(classe) for classe in RESSOURCES.values()],
            "interaction": [{"code": "transaction"}, {"code": "batch"}]}]}


def _capacite(classe):
    creer = "create" in classe.interactions
    rendu = {"type": classe.type, "documentation": " ".join(classe.__doc__.split()), "interaction": [{"code": code} for code in classe.interactions],
             "versioning": "versioned", "readHistory": False, "updateCreate": False, "conditionalCreate": creer and bool(classe.parametres),
             "conditionalRead": "full-support"}
    if classe.parametres:
        rendu["searchParam"] = [{"name": nom, "type": genre, "documentation": aide} for nom, (genre, aide) in classe.parametres.items()]
    if classe.soumet:
        rendu["operation"] = [{"name": "submit", "definition": f"http://hl7.org/fhir/OperationDefinition/{classe.type}-submit"}]
    return rendu
