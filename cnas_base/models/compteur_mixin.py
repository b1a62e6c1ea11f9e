from odoo import _, api, fields, models
from odoo.exceptions import UserError


class CompteurMixin(models.AbstractModel):
    """Numéros sans trou, donnés l'un après l'autre : qui en veut un attend son tour, il n'échoue jamais.

    Une réserve est une ligne de plus (le dernier numéro donné), jamais une ligne changée : le verrou rend les suivants
    dans l'ordre où ils l'ont demandé, et aucun n'est à rejouer. Un travail annulé ôte sa ligne, donc rend ses numéros.

    Le dernier numéro se lit dans une connexion neuve, car notre instantané date d'avant l'attente ; et dans la nôtre,
    qui seule voit ce que ce travail vient de réserver.
    """

    _name = "cnas.compteur.mixin"
    _description = "Compteur sans trou"
    _inherit = ["cnas.garde.mixin"]

    # Les colonnes entières qui désignent une numérotation.
    _cles = ()

    dernier = fields.Integer(string="Dernier numéro", required=True, readonly=True)

    def _reserver(self, besoins, planchers=None, pas=1):
        """Réserve des numéros consécutifs, pour tout le lot en quatre requêtes.

        :param besoins: {clé: combien}, une clé étant les valeurs de `_cles`
        :param planchers: {clé: dernier numéro donné avant que ce compteur n'existe}
        :return: {clé: premier numéro réservé}
        """
        if not besoins:
            return {}
        cles = sorted(besoins)  # toujours le même ordre : pas d'interblocage
        for cle in cles:
            self.env.cr.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{self._table}{cle}"])
        derniers = self._derniers(cles)
        for cle, plancher in (planchers or {}).items():
            derniers[cle] = max(derniers[cle], plancher)
        nouveaux = {cle: derniers[cle] + pas * besoins[cle] for cle in cles}
        self.env.cr.execute(
            f"INSERT INTO {self._table} ({', '.join(self._cles)}, dernier) "
            f"SELECT * FROM unnest({', '.join(['%s::int[]'] * (len(self._cles) + 1))})",
            [*map(list, zip(*cles)), [nouveaux[cle] for cle in cles]])
        self.invalidate_model(flush=False)
        return {cle: derniers[cle] + pas for cle in cles}

    def _derniers(self, cles):
        """Rend {clé: dernier numéro donné, ici ou par un autre qui l'a enregistré}."""
        ici = self._lire_derniers(self.env.cr, cles)
        if not self.env.registry.ready:
            # Installation en cours : la table n'existe pas encore pour une autre connexion.
            return ici
        with self.env.registry.cursor() as cr:
            ailleurs = self._lire_derniers(cr, cles)
        return {cle: max(ici[cle], ailleurs[cle]) for cle in cles}

    def _lire_derniers(self, cr, cles):
        cr.execute(
            f"SELECT {', '.join(self._cles)}, COALESCE((SELECT max(c.dernier) FROM {self._table} c "
            f"WHERE {' AND '.join(f'c.{nom} = v.{nom}' for nom in self._cles)}), 0) "
            f"FROM unnest({', '.join(['%s::int[]'] * len(self._cles))}) AS v ({', '.join(self._cles)})",
            list(map(list, zip(*cles))))
        return {tuple(cle): dernier for *cle, dernier in cr.fetchall()}

    @api.autovacuum
    def _oter_les_depassees(self):
        """Ne garde de chaque numérotation que la ligne du dernier numéro."""
        if self._abstract:
            return
        # des noms de la classe, jamais une valeur reçue
        self.env.cr.execute(  # pylint: disable=sql-injection
            f"DELETE FROM {self._table} c USING {self._table} d "
            f"WHERE {' AND '.join(f'd.{nom} = c.{nom}' for nom in self._cles)} AND d.dernier > c.dernier")

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        """Un compteur effacé redonnerait les mêmes numéros."""
        raise UserError(_("Un compteur ne se supprime pas."))
