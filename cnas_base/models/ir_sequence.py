import psycopg2

from odoo import models


class PlageDeSequence(models.Model):
    """L'année d'une numérotation : une seule, même si six papiers l'ouvrent à la fois."""

    _inherit = "ir.sequence.date_range"

    _sql_constraints = [("debut_unique", "UNIQUE (sequence_id, date_from)", "Cette numérotation a déjà cette année.")]


class Sequence(models.Model):
    """Le premier papier d'une année ouvre sa numérotation ; les autres attendent et la reprennent."""

    _inherit = "ir.sequence"

    def _create_date_range_seq(self, date):
        try:
            # Sans vider ce qui attend : une suite qui ouvrirait la même année passerait avant nous.
            with self.env.cr.savepoint(flush=False):
                return super()._create_date_range_seq(date)
        except psycopg2.errors.UniqueViolation:
            # Un autre vient de l'ouvrir, que notre instantané ne voit pas : Odoo rejoue la demande, qui la trouvera.
            self.env.cr.execute("DO $$BEGIN RAISE EXCEPTION 'année ouverte par un autre' USING ERRCODE = '40001'; END$$")
