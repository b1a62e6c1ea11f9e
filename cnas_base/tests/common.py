"""Le jour des tests : ceux de nos addons vivent tous le même, quel que soit celui de la machine (`./cnas tester --decale`).

Un test importe d'ici `TransactionCase` ou `HttpCase` ; ses dates s'écrivent par rapport à `JOUR`, ou en toutes lettres.
"""
import base64
import io
import random
from datetime import datetime

from freezegun import freeze_time
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas

from odoo.tests import common

from odoo.addons.base.models import res_users

JOUR = datetime(2026, 11, 25, 9)


class JourFige:
    """Fige le jour de la classe : l'horloge de Python, et le `now()` de PostgreSQL vu par le curseur du test.

    `jour_fige = None` garde le vrai jour : pour une vue SQL, qui lit toujours celui de PostgreSQL.
    """

    jour_fige = JOUR

    @classmethod
    def setUpClass(cls):
        # un usager par rôle et par classe : à 600 000 tours de hachage chacun, la moitié de la suite y passerait
        cls.addClassCleanup(setattr, res_users, "MIN_ROUNDS", res_users.MIN_ROUNDS)
        res_users.MIN_ROUNDS = 1000
        if not cls.jour_fige:
            return super().setUpClass()
        gel = freeze_time(cls.jour_fige, tick=True)
        gel.start()
        cls.addClassCleanup(gel.stop)
        super().setUpClass()
        if hasattr(cls, "cr"):
            cls._figer_postgresql()
        return None

    @classmethod
    def _figer_postgresql(cls):
        # annulé avec la transaction du test ; une vue garde le now() de sa création
        cls.cr.execute("""
            SET LOCAL search_path = public, pg_catalog;
            CREATE OR REPLACE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE
                AS 'SELECT pg_catalog.now() + interval ''%s seconds''';
        """ % cls._ecart())
        cls.cr._now = None

    @classmethod
    def _ecart(cls):
        cls.cr.execute("SELECT pg_catalog.now() AT TIME ZONE 'UTC'")
        return (cls.jour_fige - cls.cr.fetchone()[0]).total_seconds()


class TransactionCase(JourFige, common.TransactionCase):
    """`TransactionCase` d'Odoo, le jour figé."""

    def requetes(self, geste):
        """Rend le nombre de requêtes d'un geste, rien en mémoire au départ et tout écrit à la fin."""
        self.env.flush_all()
        self.env.invalidate_all()
        avant = self.env.cr.sql_log_count
        geste()
        self.env.flush_all()
        return self.env.cr.sql_log_count - avant


class HttpCase(JourFige, common.HttpCase):
    """`HttpCase` d'Odoo, le jour figé."""

    def accueil(self):
        """Rend l'adresse de « À faire », d'où part une visite guidée."""
        return f"/web#action={self.env.ref('cnas_base.accueil_action').id}&menu_id={self.env.ref('cnas_base.menu_root').id}"


class BaseCase(JourFige, common.BaseCase):
    """`BaseCase` d'Odoo, le jour figé pour Python seulement : ses curseurs sont de vraies connexions."""


def pdf(texte="essai", pages=1):
    """Rend les octets d'un vrai petit PDF qui porte ce texte."""
    sortie = io.BytesIO()
    page = Canvas(sortie, invariant=1)
    for rang in range(pages):
        page.drawString(72, 720, f"{texte} {rang + 1}")
        page.showPage()
    page.save()
    return sortie.getvalue()


def pdf_base64(texte="essai", pages=1):
    """Le même, tel qu'une API le reçoit."""
    return base64.b64encode(pdf(texte, pages)).decode()


def page_numerisee(graine=0, taille=(620, 877)):
    """Rend l'image d'une feuille remplie : un même modèle, une écriture par graine."""
    alea = random.Random(graine)
    large, haut = 620, 877
    image = Image.new("L", (large, haut), 255)
    trait = ImageDraw.Draw(image)
    trait.rectangle((30, 30, large - 30, 70), fill=60)
    for y in range(90, haut - 40, 29):
        trait.line((30, y, large - 30, y), fill=0)
        x = 130 + alea.randint(0, 20)
        for _mot in range(alea.randint(1, 6)):
            mot = alea.randint(15, 70)
            trait.rectangle((x, y + 8 + alea.randint(-2, 2), x + mot, y + 19), fill=40)
            x += mot + alea.randint(6, 20)
            if x > large - 110:
                break
    trait.rectangle((30, 30, large - 30, haut - 30), outline=0)
    return image.resize(taille)


def octets(image, genre, **options):
    """Rend le fichier d'une image de Pillow."""
    sortie = io.BytesIO()
    image.save(sortie, genre, **options)
    return sortie.getvalue()


def periodes_hors_journal(env, addon):
    """Rend les modèles datés d'un addon dont le journal ne garde pas les bornes."""
    periode = env.registry["cnas.periode.mixin"]
    return [nom for nom, modele in env.registry.items()
            if issubclass(modele, periode) and not modele._abstract and modele._original_module == addon
            and not {"date_debut", "date_fin"} <= set(env[nom]._champs_suivis)]
