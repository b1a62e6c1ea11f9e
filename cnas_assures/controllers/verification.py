"""Vérification publique des attestations, clés publiques et cartes révoquées. Aucun compte n'est requis."""
import base64
import json
import logging

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_base.ecriture import ecrire_date

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
TITRES_CARTE = {
    "valide": ("Carte active", "بطاقة صالحة"), "a_venir": ("Carte pas encore active", "بطاقة غير مفعلة بعد"),
    "expiree": ("Carte expirée", "بطاقة منتهية الصلاحية"), "revoquee": ("Carte retirée", "بطاقة ملغاة"),
    "inconnue": ("Carte inconnue", "بطاقة غير معروفة"), "indisponible": ("Vérification indisponible", "التحقق غير متاح"),
}


class Verification(http.Controller):

    @http.route(
        ["/cnas/verifier", "/cnas/verifier/", "/cnas/verifier/<path:jeton>"],
        type="http", auth="public", methods=["GET"], sitemap=False, save_session=False)
    def verifier(self, jeton="", **_ignores):
        """Dit si une attestation est valide, à venir, expirée ou révoquée.

        Un jeton inconnu et un jeton malformé rendent la même page et le même code 404 ; rien de ce qui
        est demandé n'est répété dans la réponse.
        """
        public = {"etat": "inconnue"}
        try:
            journal = request.env["cnas.journal"]
            journal._exiger_debit("verification_publique")
            attestation = request.env["cnas.attestation"].sudo()._trouver_par_jeton(jeton[:LONGUEUR_MAX])
            journal._ajouter_une_fois({
                "modele": "cnas.attestation", "res_id": attestation.id or 0, "evenement": "verification_publique"})
            if attestation:
                public = attestation._etat_public()
        except UserError as refus:
            return request.make_response(str(refus), [("Content-Type", "text/plain; charset=utf-8"), *ENTETES], status=429)
        except Exception:  # la page publique ne montre jamais d'erreur interne ; le journal la garde
            _logger.exception("Vérification d'attestation impossible")
            public = {"etat": "indisponible"}
        return self._page(public)

    @http.route("/cnas/carte/<path:texte>", type="http", auth="public", methods=["GET"], sitemap=False, save_session=False)
    def carte(self, texte="", **_ignores):
        """Dit si une carte sanitaire est active, expirée, perdue ou annulée, d'après l'adresse que porte son QR."""
        try:
            journal = request.env["cnas.journal"]
            journal._exiger_debit("verification_publique")
            public = request.env["cnas.carte"].sudo()._etat_public(texte[:LONGUEUR_MAX].replace("~", "|"))
            journal._ajouter_une_fois({"modele": "cnas.carte", "res_id": 0, "evenement": "verification_publique",
                                       "apres": {"carte": public.get("numero") or "inconnue"}})
        except UserError as refus:
            return request.make_response(str(refus), [("Content-Type", "text/plain; charset=utf-8"), *ENTETES], status=429)
        except Exception:  # la page publique ne montre jamais d'erreur interne ; le journal la garde
            _logger.exception("Vérification de carte impossible")
            public = {"etat": "indisponible"}
        titre, titre_ar = TITRES_CARTE[public["etat"]]
        return self._page({**public, "titre": titre, "titre_ar": titre_ar})

    def _page(self, public):
        codes = {"inconnue": 404, "indisponible": 503}
        page = request.env["ir.qweb"].sudo()._render("cnas_assures.verification_page", {**public, "jour": ecrire_date}, lang="fr_FR")
        return request.make_response(
            str(page), [("Content-Type", "text/html; charset=utf-8"), *ENTETES], status=codes.get(public["etat"], 200))

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
