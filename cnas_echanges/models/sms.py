import base64
import logging
import os
import socket
import ssl
import struct
from urllib.parse import urlsplit

from odoo import _, api, fields, models

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_facturation.models.sms import ADAPTATEURS, DELAI_SECONDES, PasserelleInjoignable

_logger = logging.getLogger(__name__)
CHOIX = "aucun,http,smpp,fichier"
# SMPP 3.4 : les commandes dont on a besoin, et rien d'autre.
BIND, BIND_REPONSE, SUBMIT, SUBMIT_REPONSE, UNBIND = 0x02, 0x80000002, 0x04, 0x80000004, 0x06
UCS2 = 8
# Un texte plus long part en morceaux numérotés : leur entête (UDH) prend la place de trois signes.
UN_SMS, UN_MORCEAU, UDHI = 70, 67, b"\x40"


class PasserelleSmpp:
    """SMPP 3.4 : une connexion, `bind_transmitter`, `submit_sm`. Adresse « smpp://identifiant@hôte:port » (« smpps:// » : chiffrée).

    Le mot de passe est la variable d'environnement CNAS_SMS_JETON ; il ne s'écrit nulle part.
    """

    def __init__(self, env):
        self.adresse = urlsplit(env["cnas.parametre"].sudo()._au("sms_adresse", aujourd_hui()))
        self.secret = os.environ.get("CNAS_SMS_JETON") or ""

    def envoyer(self, numero, texte):
        """Rend None si l'opérateur a pris le message, sinon la phrase qui dit pourquoi.

        :raise PasserelleInjoignable: le réseau ou l'identification, pas le message
        """
        try:
            with self._ouvrir() as prise:
                self._commander(prise, BIND, 1, self._texte(self.adresse.username, 15) + self._texte(self.secret, 8)
                                + self._texte("", 12) + b"\x34\x00\x00\x00", BIND_REPONSE, _("identification refusée"))
                erreur = None
                morceaux = self._morceaux(texte)
                for rang, morceau in enumerate(morceaux, 2):
                    erreur = erreur or self._commander(prise, SUBMIT, rang, self._message(numero, morceau, len(morceaux) > 1), SUBMIT_REPONSE)
                prise.sendall(struct.pack(">IIII", 16, UNBIND, 0, 99))
        except (OSError, struct.error, ValueError) as panne:
            raise PasserelleInjoignable(type(panne).__name__) from panne
        return erreur

    # ------------------------------------------------------------------ privé
    def _ouvrir(self):
        prise = socket.create_connection((self.adresse.hostname, self.adresse.port or 2775), timeout=DELAI_SECONDES)
        return ssl.create_default_context().wrap_socket(prise, server_hostname=self.adresse.hostname) if self.adresse.scheme == "smpps" else prise

    @staticmethod
    def _texte(valeur, longueur):
        return (valeur or "").encode("ascii", "ignore")[:longueur] + b"\x00"

    @staticmethod
    def _morceaux(texte):
        """Rend les octets des SMS qui portent le texte, en UCS-2 : soixante-dix signes, ou des morceaux de soixante-sept que le téléphone rassemble."""
        if len(texte) <= UN_SMS:
            return [texte.encode("utf-16-be", "ignore")]
        morceaux = [texte[debut:debut + UN_MORCEAU] for debut in range(0, len(texte), UN_MORCEAU)]
        suite = sum(texte.encode()) % 256  # les morceaux d'un même texte portent le même numéro
        return [bytes((5, 0, 3, suite, len(morceaux), rang)) + morceau.encode("utf-16-be", "ignore") for rang, morceau in enumerate(morceaux, 1)]

    def _message(self, numero, octets, entete=False):
        return (b"\x00" + b"\x05\x00" + self._texte("CNAS", 20) + b"\x01\x01" + self._texte(numero.lstrip("+"), 20)
                + (UDHI if entete else b"\x00") + b"\x00\x00\x00\x00\x00\x00" + bytes([UCS2, 0, len(octets)]) + octets)

    @staticmethod
    def _commander(prise, commande, rang, corps, attendue, refus=None):
        """Envoie une commande et lit sa réponse ; rend la phrase du refus, ou None."""
        prise.sendall(struct.pack(">IIII", 16 + len(corps), commande, 0, rang) + corps)
        entete = _recevoir(prise, 16)
        longueur, recue, statut, _rang = struct.unpack(">IIII", entete)
        if recue != attendue or not 16 <= longueur <= 65536:
            raise ValueError(commande)
        _recevoir(prise, longueur - 16)
        if statut and refus:
            raise ValueError(refus)
        return _("Refusé par l'opérateur (SMPP %s).", statut) if statut else None


def _recevoir(prise, nombre):
    """Rend exactement ce nombre d'octets.

    :raise OSError: la connexion se ferme avant
    """
    recus = b""
    while len(recus) < nombre:
        morceau = prise.recv(nombre - len(recus))
        if not morceau:
            raise ConnectionResetError(nombre)
        recus += morceau
    return recus


class PasserelleFichier:
    """Un fichier que l'opérateur relève : chaque message s'ajoute à la pièce jointe du jour, tabulations entre les colonnes."""

    def __init__(self, env):
        self.env = env

    def envoyer(self, numero, texte):
        """Ajoute le message au fichier du jour. Rend None."""
        ligne = f"{fields.Datetime.now():%Y-%m-%dT%H:%M:%SZ}\t{numero}\t{' '.join(texte.split())}\n"
        nom = f"sms_{aujourd_hui():%Y%m%d}.tsv"
        pieces = self.env["ir.attachment"].sudo()
        piece = pieces.search([("name", "=", nom), ("res_model", "=", "cnas.sms"), ("res_id", "=", 0)], limit=1)
        if piece:
            piece.raw = piece.raw + ligne.encode()
        else:
            pieces.create({"name": nom, "res_model": "cnas.sms", "res_id": 0, "datas": base64.b64encode(ligne.encode()), "mimetype": "text/tab-separated-values"})


ADAPTATEURS.update(smpp=PasserelleSmpp, fichier=PasserelleFichier)
SCHEMAS = {"smpp": ("smpp://", "smpps://"), "fichier": ("",)}


class Sms(models.Model):
    """Deux voies de plus : SMPP et fichier."""

    _inherit = "cnas.sms"

    @api.model
    def _adaptateur(self):
        parametres, jour = self.env["cnas.parametre"].sudo(), aujourd_hui()
        voie = parametres._au("sms_adaptateur", jour)
        if voie not in SCHEMAS:
            return super()._adaptateur()
        return ADAPTATEURS[voie](self.env) if parametres._au("sms_adresse", jour).startswith(SCHEMAS[voie]) else None

    @api.model
    def _ouvrir_les_voies(self):
        """Ajoute SMPP et fichier aux choix du paramètre « sms_adaptateur » (donnée de l'addon)."""
        voies = self.env["cnas.parametre"].sudo().search([("code", "=", "sms_adaptateur"), ("choix", "!=", CHOIX)])
        if voies:
            voies.write({"choix": CHOIX})
