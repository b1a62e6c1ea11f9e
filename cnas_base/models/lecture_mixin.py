import json
import logging

import psycopg2

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import UserError
from odoo.osv import expression

from odoo.addons.queue_job.job import identity_exact

from ..lecture import Mot, MoteurAbsent, langues_presentes, lire_page, nombre_de_pages, sans_accent

# Une tâche ne tient pas un ouvrier plus de quelques minutes : la suite se remet en file.
PAGES_PAR_TACHE = 20
FICHES_PAR_TACHE = 20
FICHES_PAR_PASSAGE = 1000
LETTRES_MAX = 200_000
_logger = logging.getLogger(__name__)


class LectureMixin(models.AbstractModel):
    """Une fiche qui porte un fichier dont le texte se lit en tâche de fond, et se cherche avec les droits de la fiche.

    Le modèle a un champ `empreinte` (SHA-256 du fichier) et dit ses octets par `_fichier_a_lire`. Ce qui est lu se garde par
    page et par empreinte (`cnas_page_lue`) : un même fichier ne se lit qu'une fois. Chercher un mot, c'est chercher des fiches :
    leurs règles d'accès disent ce qu'on en voit.

    Sans Tesseract, le fichier reste lisible, `lecture_dite` dit pourquoi le texte manque, et la lecture reprend une fois l'outil posé.
    """

    _name = "cnas.lecture.mixin"
    _description = "Texte d'un fichier"
    _champs_geles = ("lecture", "confiance")

    lecture = fields.Selection(
        [("a_lire", "À lire"), ("lue", "Lue"), ("sans_texte", "Sans texte"), ("sans_moteur", "Lecture absente"), ("echec", "Échec")],
        string="Lecture", default="a_lire", readonly=True, copy=False)
    confiance = fields.Integer(string="Confiance (%)", readonly=True, copy=False, group_operator=False)
    lecture_dite = fields.Char(string="Lecture automatique", compute="_compute_lecture_dite")
    texte_lu = fields.Text(string="Texte lu", compute="_compute_texte_lu", search="_search_texte_lu")

    def init(self):
        """Une ligne par page lue : sans modèle, rien ne la lit que ce code."""
        self.env.cr.execute("""
            CREATE TABLE IF NOT EXISTS cnas_page_lue (
                empreinte varchar NOT NULL, page integer NOT NULL, texte text NOT NULL, confiance integer NOT NULL,
                mots jsonb NOT NULL, recherche tsvector NOT NULL, PRIMARY KEY (empreinte, page));
            CREATE INDEX IF NOT EXISTS cnas_page_lue_recherche ON cnas_page_lue USING gin (recherche)""")
        super().init()

    # ------------------------------------------------------------------ ce qui se lit
    def _fichier_a_lire(self):
        """Rend (octets, type MIME) du fichier de la fiche ; le modèle le dit."""
        raise NotImplementedError

    @api.depends("lecture", "confiance")
    def _compute_lecture_dite(self):
        phrases = {
            "a_lire": _("Le texte sera lu en tâche de fond."), "sans_texte": _("Aucun mot ne se lit sur ces pages."),
            "sans_moteur": _("Texte non lu : Tesseract (français, arabe) n'est pas installé sur le serveur. Le fichier reste lisible."),
            "echec": _("Texte non lu : la lecture automatique a échoué. Le fichier reste lisible."),
        }
        for fiche in self:
            fiche.lecture_dite = phrases.get(fiche.lecture) or _("Texte lu, confiance %s %%.", fiche.confiance)

    @api.depends("empreinte", "lecture")
    def _compute_texte_lu(self):
        self.env.cr.execute(
            "SELECT empreinte, string_agg(texte, E'\\n\\n' ORDER BY page) FROM cnas_page_lue WHERE empreinte = ANY(%s) GROUP BY 1",
            [[empreinte for empreinte in self.mapped("empreinte") if empreinte]])
        textes = dict(self.env.cr.fetchall())
        for fiche in self:
            fiche.texte_lu = textes.get(fiche.empreinte, False)

    @api.model
    def _search_texte_lu(self, operateur, valeur):
        """Les fiches dont une page porte tous ces mots, accents et casse ignorés ; un mot de quatre lettres vaut pour son début."""
        if operateur not in ("=", "like", "ilike", "=ilike") or not isinstance(valeur, str):
            raise UserError(_("Cherchez un ou plusieurs mots du texte."))
        mots = sans_accent(valeur[:200]).split()
        if not mots:
            return expression.FALSE_DOMAIN
        requete = " & ".join(f"{mot}:*" if len(mot) >= 4 else mot for mot in mots)
        return [("empreinte", "inselect", (
            "SELECT empreinte FROM cnas_page_lue WHERE recherche @@ to_tsquery('simple', %s)", [requete]))]

    # ------------------------------------------------------------------ lire
    @api.model_create_multi
    def create(self, vals_list):
        fiches = super().create(vals_list)
        fiches._demander_lecture()
        return fiches

    def _demander_lecture(self):
        """Met en file la lecture des fichiers qui l'attendent."""
        attendent = self.with_user(SUPERUSER_ID).filtered(lambda fiche: fiche.empreinte and fiche.lecture == "a_lire")
        for debut in range(0, len(attendent), FICHES_PAR_TACHE):
            attendent[debut:debut + FICHES_PAR_TACHE].with_delay(
                priority=50, identity_key=identity_exact, description=_("Lire le texte des fichiers"))._lire()

    def _lire(self):
        """Tâche de fond, rejouable : lit ce qui ne l'est pas encore, et remet le reste en file."""
        reste = PAGES_PAR_TACHE
        for rang, fiche in enumerate(self):
            if not fiche.exists() or fiche.lecture != "a_lire" or not fiche.empreinte:
                continue
            reste = fiche._lire_pages(reste)
            if reste <= 0:
                return self[rang:]._demander_lecture()
        return None

    def _lire_pages(self, combien):
        """Lit les pages manquantes d'un fichier, `combien` au plus ; rend ce qu'il reste à pouvoir lire."""
        try:
            contenu, mime = self._fichier_a_lire()
            lues = set(self._pages_lues())
            for rang in range(1, nombre_de_pages(contenu, mime) + 1):
                if rang in lues:
                    continue
                if combien <= 0:
                    return 0
                self._garder_page(rang, lire_page(contenu, mime, rang))
                combien -= 1
            self._conclure_lecture()
        except MoteurAbsent:
            self._ecrire({"lecture": "sans_moteur"}, suivi=False)
        except psycopg2.Error:
            raise  # la tâche se rejoue : rien ne s'écrit plus dans cette transaction
        except Exception:  # lire est un plus : un fichier qu'on ouvre n'attend pas après son texte
            _logger.warning("Texte non lu : %s %s", self._name, self.id, exc_info=True)
            self._ecrire({"lecture": "echec"}, suivi=False)
        return combien

    def _conclure_lecture(self):
        confiances = [confiance for confiance, mots in self._pages_lues().values() if mots]
        valeurs = {"lecture": "lue", "confiance": round(sum(confiances) / len(confiances))} if confiances else {"lecture": "sans_texte"}
        self._ecrire(valeurs, suivi=False)

    def _garder_page(self, rang, page):
        texte = page.texte[:LETTRES_MAX].replace("\x00", "")
        self.env.cr.execute("""
            INSERT INTO cnas_page_lue (empreinte, page, texte, confiance, mots, recherche)
            VALUES (%s, %s, %s, %s, %s, to_tsvector('simple', %s)) ON CONFLICT DO NOTHING""",
            [self.empreinte, rang, texte, page.confiance, json.dumps(page.mots).replace("\\u0000", ""), sans_accent(texte)])

    def _pages_lues(self):
        """Rend {page: (confiance, mots)} de ce qui est lu du fichier."""
        self.env.cr.execute("SELECT page, confiance, mots FROM cnas_page_lue WHERE empreinte = %s", [self.empreinte])
        return {page: (confiance, [Mot(*mot) for mot in mots]) for page, confiance, mots in self.env.cr.fetchall()}

    # ------------------------------------------------------------------ tâche planifiée
    @api.model
    def _reprendre(self):
        """Chaque heure : remet en file ce qui attend, ce que l'outil absent arrêtait, et oublie le texte des fichiers partis."""
        for modele in self._modeles_lus():
            if langues_presentes():
                fiches = modele.search([("lecture", "=", "sans_moteur")], limit=FICHES_PAR_PASSAGE)
                fiches._ecrire({"lecture": "a_lire"}, suivi=False)
            modele.search([("lecture", "=", "a_lire"), ("empreinte", "!=", False)], limit=FICHES_PAR_PASSAGE, order="id")._demander_lecture()
        self._oublier()

    @api.model
    def _modeles_lus(self):
        return [self.env[nom].with_user(SUPERUSER_ID).with_context(active_test=False) for nom, modele in self.env.registry.items()
                if not modele._abstract and any(getattr(classe, "_name", None) == "cnas.lecture.mixin" for classe in modele.mro())]

    @api.model
    def _oublier(self):
        """Efface le texte des fichiers qu'aucune fiche ne porte plus, ou que toutes disent détruits."""
        self.env.flush_all()
        # le socle seul n'a pas de fiche à fichier
        gardes = " UNION ALL ".join(
            f'SELECT empreinte FROM "{modele._table}"' + (" WHERE destruction_id IS NULL" if "destruction_id" in modele._fields else "")
            for modele in self._modeles_lus()) or "SELECT NULL AS empreinte"
        # pylint: disable=sql-injection
        self.env.cr.execute(f"""
            DELETE FROM cnas_page_lue l WHERE NOT EXISTS (SELECT FROM ({gardes}) g WHERE g.empreinte = l.empreinte)""")
