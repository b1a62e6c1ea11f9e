import re
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui

BLOC_MAX = 256 * 1024
PIECES_MAX = 30
# Ce qu'un usager peut laisser en route : deux cents feuilles de cinq photos réduites.
EN_ROUTE_MAX = 300 * 1024 * 1024
OUVERTS_MAX = 300
JOURS_GARDES = 30
_IDENTIFIANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EMPREINTE = re.compile(r"[0-9a-f]{64}")


class Envoi(models.Model):
    """L'envoi d'une feuille par un téléphone : l'appareil lui donne un identifiant, et le garde tant qu'il n'a pas la réponse.

    Ses photos arrivent par blocs, à la suite ; la feuille se dépose quand elles sont entières. Rejouer l'envoi rend la même
    feuille. Une feuille refusée laisse l'envoi ouvert, ses photos déjà là ; sans suite, il s'efface après trente jours.
    Seul le code l'écrit : l'espace formation, après avoir reconnu l'usager et sa formation.
    """

    _name = "cnas.envoi"
    _description = "Envoi d'un téléphone"
    _inherit = ["cnas.garde.mixin"]
    _order = "id desc"
    _rec_name = "identifiant"
    _champs_geles = ("formation_id", "identifiant", "usager_id", "feuille_id")

    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", required=True, readonly=True,
                                   index=True, ondelete="cascade")
    identifiant = fields.Char(string="Identifiant", required=True, readonly=True, help="Donné par l'appareil.")
    usager_id = fields.Many2one("res.users", string="Usager", required=True, readonly=True, index=True, ondelete="restrict")
    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille de soins", readonly=True, index="btree_not_null",
                                 ondelete="set null")

    _sql_constraints = [
        ("identifiant_unique", "UNIQUE (formation_id, identifiant)", "Cet envoi est déjà connu."),
    ]

    def init(self):
        """Les photos en route : sans modèle, rien ne les lit que ce code."""
        self.env.cr.execute("""
            CREATE TABLE IF NOT EXISTS cnas_envoi_piece (
                envoi_id integer NOT NULL REFERENCES cnas_envoi ON DELETE CASCADE, empreinte varchar NOT NULL,
                taille integer NOT NULL, contenu bytea NOT NULL DEFAULT '', PRIMARY KEY (envoi_id, empreinte))""")

    # ------------------------------------------------------------------ métier
    @api.model
    def _ouvrir(self, formation, identifiant):
        """Rend l'envoi de cette formation qui porte cet identifiant, né s'il est neuf, verrouillé jusqu'à la fin de la transaction.

        :raise UserError: identifiant mal formé, trop d'envois laissés sans suite
        """
        if not _IDENTIFIANT.fullmatch(identifiant):
            raise UserError(_("Cet envoi n'a pas d'identifiant lisible : recommencez-le depuis l'appareil."))
        ouverts = [("usager_id", "=", self.env.uid), ("feuille_id", "=", False)]
        connu = self.search_count([("formation_id", "=", formation.id), ("identifiant", "=", identifiant)], limit=1)
        if not connu and self.search_count(ouverts, limit=OUVERTS_MAX) >= OUVERTS_MAX:
            raise UserError(_("Trop d'envois attendent leur fin : terminez ceux que l'appareil montre, ou appelez la CNAS."))
        # Deux téléphones au même instant : le second attend, puis Odoo rejoue sa demande, et il voit le premier.
        self.env.cr.execute("""
            INSERT INTO cnas_envoi (formation_id, identifiant, usager_id, create_uid, write_uid, create_date, write_date)
            VALUES (%(formation)s, %(identifiant)s, %(usager)s, %(usager)s, %(usager)s, now() at time zone 'UTC', now() at time zone 'UTC')
            ON CONFLICT (formation_id, identifiant) DO NOTHING
        """, {"formation": formation.id, "identifiant": identifiant, "usager": self.env.uid})
        self.env.cr.execute("SELECT id FROM cnas_envoi WHERE formation_id = %s AND identifiant = %s FOR UPDATE",
                            [formation.id, identifiant])
        return self.browse(self.env.cr.fetchone()[0])

    def _recevoir_bloc(self, empreinte, taille, debut, octets):
        """Ajoute un bloc à la suite de ce qui est arrivé du fichier ; rend le nombre d'octets arrivés.

        Un bloc déjà reçu, ou trop en avance, ne change rien : l'appareil reprend d'où la réponse le dit. Un fichier entier
        dont le contenu n'est pas celui annoncé s'efface : la réponse est 0, il repart du début.

        :raise UserError: annonce fausse, fichier trop gros
        """
        taille_max = self.env["cnas.parametre"]._au("taille_max_piece_mo", aujourd_hui())
        if not _EMPREINTE.fullmatch(empreinte) or taille <= 0 or debut < 0 or not 0 < len(octets) <= BLOC_MAX:
            raise UserError(_("Un fichier est arrivé illisible : choisissez-le de nouveau."))
        if taille > taille_max * 1024 * 1024:
            raise UserError(_("Un fichier pèse plus de %s Mo : prenez-en une photo plus légère.", taille_max))
        self._exiger_place(empreinte, taille)
        self.env.cr.execute("""
            INSERT INTO cnas_envoi_piece (envoi_id, empreinte, taille) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
        """, [self.id, empreinte, taille])
        self.env.cr.execute("""
            UPDATE cnas_envoi_piece SET contenu = contenu || %(octets)s
             WHERE envoi_id = %(envoi)s AND empreinte = %(empreinte)s AND octet_length(contenu) = %(debut)s
               AND %(debut)s + %(longueur)s <= taille
        """, {"octets": octets, "envoi": self.id, "empreinte": empreinte, "debut": debut, "longueur": len(octets)})
        return self._arrives(empreinte)

    def _exiger_place(self, empreinte, taille):
        """Les photos en route tiennent dans une mesure, par feuille et par usager.

        :raise UserError: trop de fichiers, ou trop d'octets laissés en route
        """
        self.env.cr.execute("""
            SELECT count(*) FILTER (WHERE e.id = %(envoi)s), COALESCE(sum(p.taille), 0)
              FROM cnas_envoi e JOIN cnas_envoi_piece p ON p.envoi_id = e.id
             WHERE e.usager_id = %(usager)s AND e.feuille_id IS NULL AND (e.id, p.empreinte) <> (%(envoi)s, %(empreinte)s)
        """, {"envoi": self.id, "usager": self.usager_id.id, "empreinte": empreinte})
        fichiers, en_route = self.env.cr.fetchone()
        if fichiers >= PIECES_MAX:
            raise UserError(_("Trop de fichiers pour une feuille : supprimez-la de l'appareil et saisissez-la de nouveau."))
        if en_route + taille > EN_ROUTE_MAX:
            raise UserError(_("Trop de photos attendent leur feuille : terminez les envois que l'appareil montre, ou appelez la CNAS."))

    def _arrives(self, empreinte):
        self.env.cr.execute("""
            DELETE FROM cnas_envoi_piece WHERE envoi_id = %(envoi)s AND empreinte = %(empreinte)s
               AND octet_length(contenu) = taille AND encode(sha256(contenu), 'hex') <> empreinte;
            SELECT octet_length(contenu) FROM cnas_envoi_piece WHERE envoi_id = %(envoi)s AND empreinte = %(empreinte)s
        """, {"envoi": self.id, "empreinte": empreinte})
        return (self.env.cr.fetchone() or (0,))[0]

    def _fichiers(self, empreintes):
        """Rend {empreinte: octets} de ceux de ces fichiers qui sont entiers."""
        self.env.cr.execute("""
            SELECT empreinte, contenu FROM cnas_envoi_piece
             WHERE envoi_id = %s AND empreinte = ANY(%s::varchar[]) AND octet_length(contenu) = taille
        """, [self.id, empreintes])
        return {empreinte: bytes(contenu) for empreinte, contenu in self.env.cr.fetchall()}

    def _clore(self, feuille_id):
        """La feuille est déposée : les photos en route ne servent plus."""
        self._ecrire({"feuille_id": feuille_id})
        self.env.cr.execute("DELETE FROM cnas_envoi_piece WHERE envoi_id = %s", [self.id])

    @api.autovacuum
    def _effacer_sans_suite(self):
        limite = fields.Datetime.now() - timedelta(days=JOURS_GARDES)
        self.search([("feuille_id", "=", False), ("write_date", "<", limite)])._supprimer()
