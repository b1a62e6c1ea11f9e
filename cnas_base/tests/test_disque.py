import errno
import os
from unittest.mock import patch

import psycopg2

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui

from .common import TransactionCase


@tagged("post_install", "-at_install", "cnas")
class TestDisque(TransactionCase):
    """Un disque plein se dit, et ne laisse rien à moitié."""

    def fichier(self, contenu):
        return self.env["ir.attachment"].create({"name": "radio.pdf", "raw": contenu})

    def chemin(self, contenu):
        somme = self.env["ir.attachment"]._compute_checksum(contenu)
        return self.env["ir.attachment"]._full_path(f"{somme[:2]}/{somme}")

    def test_disque_plein(self):
        contenu = b"piece d'un disque plein " + os.urandom(8)
        for code, phrase in ((errno.ENOSPC, "Plus de place"), (errno.EIO, "n'a pas pu écrire")):
            with self.subTest(code=code), patch("os.fsync", side_effect=OSError(code, "essai")), self.assertRaisesRegex(UserError, phrase):
                self.fichier(contenu)
        dossier = os.path.dirname(self.chemin(contenu))
        self.assertFalse([nom for nom in os.listdir(dossier) if nom.startswith(os.path.basename(self.chemin(contenu)))])
        self.assertEqual(self.fichier(contenu).raw, contenu)

    def test_un_fichier_tronque_se_remplace(self):
        """La même pièce, envoyée de nouveau, répare ce que le disque avait tronqué."""
        contenu = b"piece tronquee " * 100 + os.urandom(8)
        self.fichier(contenu)
        with open(self.chemin(contenu), "wb") as flux:
            flux.write(contenu[:20])
        self.assertEqual(self.fichier(contenu).raw, contenu)

    @mute_logger("odoo.sql_db")
    def test_l_annee_d_une_numerotation_s_ouvre_une_fois(self):
        """Qui l'ouvre en second, sans la voir, est rejoué par Odoo : un échec de sérialisation, pas un refus."""
        sequence = self.env["ir.sequence"].create({"name": "Essai", "code": "cnas.essai", "use_date_range": True, "prefix": "E/"})
        jour = aujourd_hui().replace(month=1, day=1)
        self.assertTrue(sequence.next_by_code("cnas.essai", sequence_date=jour).startswith("E/"))
        with self.assertRaises(psycopg2.errors.SerializationFailure), self.env.cr.savepoint():
            sequence._create_date_range_seq(jour)
