"""Vérification publique des attestations, clés publiques et cartes révoquées. Aucun compte n'est requis."""
import base64
import functools
import json
import logging

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_base.controllers.portail import mises_en_forme
from odoo.addons.cnas_base.erreurs import CONCURRENCE
from odoo.addons.cnas_base.impression.langue import ARABE, FRANCAIS
from odoo.addons.cnas_base.jour import aujourd_hui

from .. import cle_signature as outil

_logger = logging.getLogger(__name__)

LONGUEUR_MAX = 400
REVOQUEES_MAX = 200_000
ENTETES = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"),
]
# Un verdict se lit en français et en arabe, quelle que soit la langue de la page : d'abord la sienne.
TITRES_CARTE = {
    "valide": ("Carte active", "بطاقة صالحة"), "a_venir": ("Carte pas encore active", "بطاقة غير مفعلة بعد"),
    "expiree": ("Carte expirée", "بطاقة منتهية الصلاحية"), "revoquee": ("Carte retirée", "بطاقة ملغاة"),
    "inconnue": ("Carte inconnue", "بطاقة غير معروفة"),
}
TITRES_ATTESTATION = {
    "valide": ("Attestation valide", "شهادة صالحة"), "a_venir": ("Attestation pas encore valable", "شهادة لم تبدأ صلاحيتها"),
    "expiree": ("Attestation expirée", "شهادة منتهية الصلاحية"), "revoquee": ("Attestation révoquée", "شهادة ملغاة"),
    "droits_fermes": ("Droits fermés à ce jour", "الحقوق مغلقة حاليا"), "indisponible": ("Vérification indisponible", "التحقق غير متاح"),
    "inconnue": ("Attestation inconnue", "شهادة غير معروفة"),
}


def page_publique(chemins, gabarit, **options):
    """Rend le décorateur d'une page qui vérifie un papier sans compte.

    La méthode reçoit le jeton, borné, et rend (fiche trouvée ou vide, valeurs du gabarit). Débit compté (429), lecture tracée,
    même 404 pour un jeton inconnu et un jeton malformé, panne dite « indisponible » (503) et gardée au journal du serveur.
    """
    def decorer(methode):
        @http.route(chemins, type="http", auth="public", sitemap=False, save_session=False, **{"methods": ["GET"], **options})
        @functools.wraps(methode)
        def route(self, jeton="", **parametres):
            try:
                if trop := _refus_de_debit():
                    return repondre(trop, 429, "text/plain")
                with request.env.cr.savepoint():  # une panne n'écrit rien à moitié, et la page d'excuse se lit encore
                    fiche, valeurs = methode(self, jeton[:LONGUEUR_MAX], **parametres)
                    request.env["cnas.journal"]._ajouter_une_fois({
                        "modele": fiche._name, "res_id": fiche.id if fiche else 0, "evenement": "verification_publique"})
                    return repondre(rendre(gabarit, valeurs), 200 if fiche else 404)
            except CONCURRENCE:
                raise  # deux dépôts à la fois : Odoo rejoue
            except Exception:  # la page publique ne montre jamais d'erreur interne ; le journal la garde
                _logger.exception("Vérification impossible : %s", gabarit)
                return repondre(rendre("cnas_assures.verification_page", verdict({"etat": "indisponible"})), 503)
        return route
    return decorer


def _refus_de_debit():
    """Rend la phrase qui refuse une adresse trop pressée, ou rien."""
    try:
        request.env["cnas.journal"]._exiger_debit("verification_publique")
    except UserError as refus:
        return str(refus)
    return ""


def rendre(gabarit, valeurs):
    """Rend le HTML d'une page publique."""
    outils = mises_en_forme()
    outils.update(nombre=outils["montant"], aujourd_hui=aujourd_hui())
    page = request.env["ir.qweb"].sudo()._render(gabarit, {**outils, **valeurs}, lang=request.env.lang)
    return f"<!DOCTYPE html>\n{str(page).strip()}"


def verdict(public, titres=None):
    """Rend ce que la page dit d'un document, son verdict en deux langues : [(titre, attributs HTML)], celle de la page d'abord."""
    langues = request.env["res.lang"]
    dits = [(titre, langues._attributs(code)) for titre, code in zip((titres or TITRES_ATTESTATION)[public["etat"]], (FRANCAIS, ARABE))]
    return {**public, "titres": sorted(dits, key=lambda dit: dit[1] != langues._attributs(request.env.lang))}


def repondre(contenu, code, mime="text/html"):
    """Rend la réponse d'une page publique, sous ses entêtes."""
    return request.make_response(contenu, [("Content-Type", f"{mime}; charset=utf-8"), *ENTETES], status=code)


class Verification(http.Controller):

    @page_publique(["/cnas/verifier", "/cnas/verifier/", "/cnas/verifier/<path:jeton>"], "cnas_assures.verification_page")
    def verifier(self, jeton="", **_ignores):
        """Dit si une attestation est valide, à venir, expirée ou révoquée ; rien de ce qui est demandé n'est répété."""
        attestation = request.env["cnas.attestation"].sudo()._trouver_par_jeton(jeton)
        return attestation, verdict(attestation._etat_public() if attestation else {"etat": "inconnue"})

    @page_publique("/cnas/carte/<path:jeton>", "cnas_assures.verification_page")
    def carte(self, jeton="", **_ignores):
        """Dit si une carte sanitaire est active, expirée, perdue ou annulée, d'après l'adresse que porte son QR."""
        carte = request.env["cnas.carte"].sudo()._trouver_par_qr(jeton.replace("~", "|"))
        return carte, verdict(carte._etat_public() if carte else {"etat": "inconnue"}, TITRES_CARTE)

    @http.route("/cnas/cle-publique", type="http", auth="public", methods=["GET"], sitemap=False, save_session=False)
    def cle_publique(self):
        """Rend les clés publiques, la plus récente d'abord, et le format des messages signés (JSON)."""
        cles = [
            {"id": cle["id"], "algorithme": "Ed25519", "cle": cle["cle"], "depuis": cle["depuis"],
             "pem": outil.pem_public(base64.b64decode(cle["cle"]))}
            for cle in request.env["cnas.signature"].sudo()._cle_publique_courante()
        ]
        contenu = {
            "emetteur": "CNAS — République du Tchad", "cles": cles,
            "formats": {
                "carte": "1|matricule|numéro de carte|expiration AAAA-MM-JJ|signature base64url",
                "carte_adresse": "adresse publique + /cnas/carte/ + le texte ci-dessus, « | » écrit « ~ »",
                "carte_message_signe": "1|matricule|numéro de carte|expiration",
                "attestation_jeton": "base64url(aléa de 16 octets + signature de 64 octets)",
                "attestation_message_signe":
                    "cnas-attestation-1|numéro|matricule|date début|date fin|base64url(aléa)",
            },
            "cartes_revoquees": "/cnas/cartes-revoquees",
        }
        return self._json(contenu)

    @page_publique("/cnas/verifier/papier/<string:jeton>", "cnas_assures.verification_papier")
    def verifier_papier(self, jeton="", **_ignores):
        """Dit si un papier vient de la caisse, et ce qu'il doit porter."""
        code, fiche = request.env["cnas.papier.mixin"].sudo()._trouver_papier(jeton)
        return fiche, {"titre_papier": str(fiche._papiers[code]), "faits": fiche._faits_du_papier(code)} if fiche else {}

    @http.route("/cnas/cle-publique.pem", type="http", auth="public", methods=["GET"], sitemap=False, save_session=False)
    def cle_publique_pem(self):
        """Rend les clés publiques au format PEM, la plus récente d'abord."""
        cles = request.env["cnas.signature"].sudo()._cle_publique_courante()
        texte = "".join(outil.pem_public(base64.b64decode(cle["cle"])) for cle in cles)
        return request.make_response(texte, [("Content-Type", "application/x-pem-file"), *ENTETES[2:4]])

    @http.route("/cnas/cartes-revoquees", type="http", auth="public", methods=["GET"], sitemap=False, save_session=False)
    def cartes_revoquees(self):
        """Rend les empreintes des cartes perdues ou annulées qui ne sont pas encore expirées.

        Une empreinte se calcule depuis le QR lu sur la carte (SHA-256 tronqué à 32 chiffres) et jamais depuis
        un matricule ou un numéro : la liste ne dit rien à qui n'a pas la carte en main.
        """
        return self._json({"cartes_revoquees": request.env["cnas.carte"].sudo()._empreintes_revoquees(REVOQUEES_MAX)})

    def _json(self, contenu):
        return request.make_response(
            json.dumps(contenu, ensure_ascii=False, indent=1),
            [("Content-Type", "application/json; charset=utf-8"), *ENTETES[2:4],
             ("Cache-Control", "public, max-age=3600"), ("Access-Control-Allow-Origin", "*")])
