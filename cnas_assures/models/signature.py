import base64
import json
import secrets
import threading

from odoo import api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui

from .. import cle_signature as outil

PARAMETRE = "cnas_assures.cles_publiques"
_verrou = threading.Lock()
_cles_privees = {}


class Signature(models.AbstractModel):
    """Signe et vérifie cartes et attestations (Ed25519).

    La clé privée ne passe jamais par un champ ni par un appel RPC : voir `cnas_assures/cle_signature.py`.
    Les clés publiques, passées et présente, sont gardées en paramètre : une carte imprimée avant un
    changement de clé reste vérifiable. Toutes les méthodes sont privées, donc hors de portée de XML-RPC.
    """

    _name = "cnas.signature"
    _description = "Signature des documents"

    @api.model
    def _signer(self, message):
        """Signe un texte.

        :param str message: texte signé, encodé en UTF-8
        :return: signature de 64 octets
        """
        cle = self._cle_privee()
        self._publier(outil.octets_publics(cle))
        return cle.sign(message.encode())

    @api.model
    def _verifier(self, message, signature):
        """Dit si la signature (octets) du texte est juste pour l'une des clés publiées."""
        juste = False
        for cle in self._cles_publiques():
            juste |= outil.signature_juste(base64.b64decode(cle["cle"]), message.encode(), signature)
        return juste

    @api.model
    def _alea(self):
        """Rend 16 octets imprévisibles."""
        return secrets.token_bytes(16)

    @api.model
    def _cles_publiques(self):
        """Rend les clés publiques connues, la plus récente d'abord : {"id", "cle" (base64), "depuis"}."""
        texte = self.env["ir.config_parameter"].sudo().get_param(PARAMETRE)
        return json.loads(texte) if texte else []

    @api.model
    def _cle_publique_courante(self):
        """Rend les clés publiées, après avoir fait naître la première s'il n'y en a pas."""
        if not self._cles_publiques():
            self._publier(outil.octets_publics(self._cle_privee()))
        return self._cles_publiques()

    # ------------------------------------------------------------------ privé
    @api.model
    def _cle_privee(self):
        base = self.env.cr.dbname
        with _verrou:
            if base not in _cles_privees:
                _cles_privees[base] = outil.cle_privee(base)
            return _cles_privees[base]

    @api.model
    def _publier(self, octets):
        identifiant = outil.identifiant_cle(octets)
        cles = self._cles_publiques()
        if cles and cles[0]["id"] == identifiant:
            return
        nouvelle = {
            "id": identifiant,
            "cle": base64.b64encode(octets).decode(),
            "depuis": fields.Date.to_string(aujourd_hui()),
        }
        autres = [cle for cle in cles if cle["id"] != identifiant]
        self.env["ir.config_parameter"].sudo().set_param(PARAMETRE, json.dumps([nouvelle, *autres]))
