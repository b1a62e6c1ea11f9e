import psycopg2

from odoo import api, fields, models


class CompteurSequence(models.Model):
    """Derniers numéros donnés par les numérotations sans trou (`ir.sequence`, « no_gap ») : voir `cnas.compteur.mixin`.

    Odoo y refuse qui arrive pendant qu'un autre numérote ; ici il attend son tour.
    """

    _name = "cnas.compteur_sequence"
    _description = "Compteur des numérotations sans trou"
    _inherit = ["cnas.compteur.mixin"]
    _order = "sequence, plage, dernier desc"
    _cles = ("sequence", "plage")

    sequence = fields.Integer(string="Numérotation", required=True, readonly=True)
    plage = fields.Integer(string="Année", required=True, readonly=True, help="0 : la numérotation n'a pas d'année.")

    _sql_constraints = [("dernier_unique", "UNIQUE (sequence, plage, dernier)", "Ce numéro est déjà donné.")]

    @api.model
    def _suivant(self, porteur, sequence):
        """Rend le prochain numéro d'une numérotation sans trou ; `porteur` : elle, ou son année."""
        pas = sequence.number_increment
        cle = self._cle(porteur, sequence)
        return self.sudo()._reserver({cle: 1}, {cle: porteur.number_next - pas}, pas)[cle]

    @api.model
    def _cle(self, porteur, sequence):
        return sequence.id, 0 if porteur == sequence else porteur.id

    @api.model
    def _repartir(self, porteurs):
        """L'administrateur a choisi le prochain numéro : ce qui a été donné avant ne compte plus."""
        cles = [self._cle(p, p if p._name == "ir.sequence" else p.sequence_id) for p in porteurs]
        if cles:
            self.env.cr.execute("DELETE FROM cnas_compteur_sequence WHERE (sequence, plage) IN %s", [tuple(cles)])


class PlageDeSequence(models.Model):
    """L'année d'une numérotation : une seule, même si six papiers l'ouvrent à la fois."""

    _inherit = "ir.sequence.date_range"

    _sql_constraints = [("debut_unique", "UNIQUE (sequence_id, date_from)", "Cette numérotation a déjà cette année.")]

    def _get_number_next_actual(self):
        super()._get_number_next_actual()
        for plage in self.filtered(lambda p: p.sequence_id.implementation == "no_gap"):
            plage.number_next_actual = plage.sequence_id._prochain(plage)

    def _next(self):
        if self.sequence_id.implementation == "standard":
            return super()._next()
        return self.sequence_id.get_next_char(self.env["cnas.compteur_sequence"]._suivant(self, self.sequence_id))

    def write(self, values):
        resultat = super().write(values)
        if "number_next" in values:
            self.env["cnas.compteur_sequence"]._repartir(self)
        return resultat


class Sequence(models.Model):
    """Le premier papier d'une année ouvre sa numérotation ; les autres attendent et la reprennent."""

    _inherit = "ir.sequence"

    def _get_number_next_actual(self):
        super()._get_number_next_actual()
        for sequence in self.filtered(lambda s: s.implementation == "no_gap" and s.id):
            sequence.number_next_actual = sequence._prochain(sequence)

    def _prochain(self, porteur):
        compteur = self.env["cnas.compteur_sequence"]
        cle = compteur._cle(porteur, self)
        return max(porteur.number_next, compteur._lire_derniers(self.env.cr, [cle])[cle] + self.number_increment)

    def _next_do(self):
        if self.implementation == "standard":
            return super()._next_do()
        return self.get_next_char(self.env["cnas.compteur_sequence"]._suivant(self, self))

    def write(self, values):
        resultat = super().write(values)
        if "number_next" in values:
            self.env["cnas.compteur_sequence"]._repartir(self)
        return resultat

    def _create_date_range_seq(self, date):
        try:
            # Sans vider ce qui attend : une suite qui ouvrirait la même année passerait avant nous.
            with self.env.cr.savepoint(flush=False):
                return super()._create_date_range_seq(date)
        except psycopg2.errors.UniqueViolation:
            # Un autre vient de l'ouvrir, que notre instantané ne voit pas : Odoo rejoue la demande, qui la trouvera.
            self.env.cr.execute("DO $$BEGIN RAISE EXCEPTION 'année ouverte par un autre' USING ERRCODE = '40001'; END$$")
