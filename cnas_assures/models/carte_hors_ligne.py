import base64
import hashlib

from odoo import api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui

from .. import cle_signature as outil

VERSION_LISTE = "cnas-cartes-1"
# Six octets : sur 200 000 cartes, une carte bonne sur un milliard s'y trouverait par hasard.
OCTETS = 6
LISTES = {"perdues": ("perdue",), "annulees": ("annulee",), "inactives": ("demandee", "produite", "remise", "expiree")}


class Carte(models.Model):
    """La liste qu'un téléphone emporte pour vérifier une carte sans réseau."""

    _inherit = "cnas.carte"

    @api.model
    def _liste_hors_ligne(self):
        """Rend les cartes imprimées, pas encore expirées, qui n'ouvrent pas l'accès aux soins : liste datée et signée.

        :return: {"date", "perdues", "annulees", "inactives", "signature", "cles"} ; chaque liste est le base64 des débuts
            (6 octets) de SHA-256 du texte du QR, triés ; la signature porte sur
            ``cnas-cartes-1|date|SHA-256 hexadécimal de « perdues|annulees|inactives »``
        """
        self.flush_model(["state", "qr_empreinte", "date_expiration"])
        self.env.cr.execute("""
            SELECT state, left(qr_empreinte, %s) FROM cnas_carte
             WHERE state <> 'active' AND qr_empreinte IS NOT NULL AND date_expiration >= %s ORDER BY 2
        """, [2 * OCTETS, aujourd_hui()])
        lues = self.env.cr.fetchall()
        listes = {nom: base64.b64encode(bytes.fromhex("".join(debut for etat, debut in lues if etat in etats))).decode()
                  for nom, etats in LISTES.items()}
        date = fields.Date.to_string(aujourd_hui())
        empreinte = hashlib.sha256("|".join(listes.values()).encode()).hexdigest()
        signature = self.env["cnas.signature"]._signer(f"{VERSION_LISTE}|{date}|{empreinte}")
        cles = [cle["cle"] for cle in self.env["cnas.signature"]._cle_publique_courante()]
        return {"date": date, **listes, "signature": outil.base64url(signature), "cles": cles}
