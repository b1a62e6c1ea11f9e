import json
import re

import qrcode

from odoo import Command
from odoo.tests.common import new_test_user

from odoo.addons.cnas_base.tests.common import HttpCase, octets

from .commun_feuille import CommunFeuille


def photo(texte):
    """Rend le JPEG d'un QR."""
    return octets(qrcode.make(texte).get_image().convert("RGB"), "JPEG")


class CommunPortail(HttpCase, CommunFeuille):
    """L'espace d'une formation par de vraies requêtes, et sa voisine qui n'y doit rien voir."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portail.write({"password": "portail-essai-1", "tz": "Africa/Ndjamena", "lang": "fr_FR"})
        cls.voisin = new_test_user(cls.env, login="t_voisin", password="portail-essai-2", groups="cnas_base.group_portail_formation",
                                   formation_ids=[Command.set(cls.autre_formation.ids)])

    def setUp(self):
        super().setUp()
        self.authenticate("t_portail", "portail-essai-1")

    def chez_le_voisin(self):
        self.authenticate("t_voisin", "portail-essai-2")

    def ouvrir(self, adresse, statut=200, **options):
        reponse = self.url_open(adresse, **options)
        self.assertEqual(reponse.status_code, statut, adresse)
        return reponse

    def jeton(self, adresse="/my/formation/import"):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.url_open(adresse).text).group(1)

    def poster(self, adresse, fichiers=None, **champs):
        return self.url_open(adresse, data={"csrf_token": self.jeton(), **champs}, files=fichiers)

    def lire_json(self, adresse, fichiers=None, **champs):
        reponse = self.url_open(adresse, data={"csrf_token": self.jeton(), **champs}, files=fichiers,
                                headers={"Accept": "application/json"})
        return json.loads(reponse.text)
