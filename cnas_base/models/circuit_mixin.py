from odoo import api, models
from odoo.osv import expression


class CircuitMixin(models.AbstractModel):
    """Les états d'un modèle se lisent dans l'ordre du circuit : colonnes d'un kanban, listes groupées, tableaux croisés, graphes.

    Un champ `state` qui porte `group_expand="_etats_du_circuit"` montre aussi, vides, les étapes de `_circuit`.
    """

    _name = "cnas.circuit.mixin"
    _description = "États dans l'ordre du circuit"

    _circuit = ()

    @api.model
    def read_group(self, domain, fields, groupby, offset=0, limit=None, orderby=False, lazy=True):
        """Les états se lisent dans l'ordre du circuit, pas dans celui de leur clé."""
        groupes = super().read_group(domain, fields, groupby, offset, limit, orderby, lazy)
        cles = [groupby] if isinstance(groupby, str) else list(groupby)
        cles = cles[:1] if lazy else cles
        # Le kanban demande « tous » par une limite immense ; une page incomplète, elle, ne se retrie pas.
        if "state" not in cles or orderby or offset or (limit and len(groupes) >= limit):
            return groupes
        etats = self._fields["state"].get_values(self.env)
        rangs = {cle: {} for cle in cles}

        def rang(groupe):
            return [etats.index(groupe[cle]) if cle == "state" and groupe[cle] in etats
                    else rangs[cle].setdefault(str(groupe[cle]), len(rangs[cle])) for cle in cles]
        for groupe in groupes:
            rang(groupe)
        return sorted(groupes, key=rang)

    @api.model
    def _etats_du_circuit(self, presents, domain, order):
        """Rend les colonnes : les étapes que le domaine permet, même vides, et tout état qui a quelqu'un."""
        permis = self._etats_permis(domain)
        return [etat for etat in self._fields["state"].get_values(self.env)
                if etat in presents or (etat in self._circuit and etat in permis)]

    @api.model
    def _etats_permis(self, domain):
        """Rend les états qu'un domaine laisse voir ; s'il alterne ou nie, on ne le devine pas : aucun."""
        domaine = expression.normalize_domain(domain)
        if expression.OR_OPERATOR in domaine or expression.NOT_OPERATOR in domaine:
            return set()
        permis = set(self._circuit)
        for terme in domaine:
            if expression.is_leaf(terme) and terme[0] == "state":
                valeurs = set(terme[2]) if isinstance(terme[2], (list, tuple, set)) else {terme[2]}
                permis = permis & valeurs if terme[1] in ("=", "in") else permis - valeurs
        return permis
