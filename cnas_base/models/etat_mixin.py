from odoo import _, api, models
from odoo.exceptions import AccessError, UserError

# Le jeton est un objet : aucun appel XML-RPC ne peut en fabriquer un identique dans son contexte.
_JETON = object()


class EtatMixin(models.AbstractModel):
    """État gardé dans `create()` et `write()`, pas seulement derrière le bouton.

    Le modèle qui hérite déclare un champ `state` et, au besoin :

    * ``_etat_initial`` : l'état de création ;
    * ``_etat_transitions`` : {état: états suivants permis} ;
    * ``_champs_geles`` : champs que seul le code métier écrit (montants, dates de décision…).

    | qui | peut |
    |---|---|
    | l'usager, l'écran, XML-RPC | appeler les actions ; jamais écrire `state` ni un champ gelé |
    | le code métier | `_changer_etat()` (transition vérifiée), `_deverrouiller()` |
    """

    _name = "cnas.etat.mixin"
    _description = "État gardé"

    _etat_initial = "brouillon"
    _etat_transitions = {}
    _champs_geles = ()

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        if not self._verrou_ouvert():
            self = self._sans_defauts_forges()
            for vals in vals_list:
                self._refuser_etat_avance(vals)
        return super().create(vals_list)

    def write(self, vals):
        if not self._verrou_ouvert():
            self._refuser_champs_geles(vals)
        return super().write(vals)

    # ------------------------------------------------------------------ métier
    def _verrou_ouvert(self):
        """Dit si l'appel vient du code métier."""
        return self.env.context.get("cnas_verrou") is _JETON

    def _deverrouiller(self):
        """Rend les mêmes enregistrements, avec le droit d'écrire l'état et les champs gelés."""
        return self.with_context(cnas_verrou=_JETON)

    def _changer_etat(self, cible, **valeurs):
        """Mène tous les enregistrements à l'état `cible` en écrivant aussi `valeurs`.

        :raise UserError: si la transition n'est pas permise depuis l'un des états présents
        """
        for depart in set(self.mapped("state")):
            if cible not in self._etat_transitions.get(depart, ()):
                fautif = self.filtered(lambda r, d=depart: r.state == d)[0]
                raise UserError(_(
                    "« %(nom)s » est à l'état « %(depart)s » : il ne peut pas passer à « %(cible)s ».",
                    nom=fautif.display_name, depart=self._libelle_etat(depart), cible=self._libelle_etat(cible),
                ))
        return self._deverrouiller().write({**valeurs, "state": cible})

    def _exiger_groupe(self, groupes, quoi):
        """Refuse l'action à qui n'a aucun des groupes.

        :param groupes: identifiant externe ou tuple d'identifiants
        :param quoi: l'action, à l'infinitif (« radier un assuré »)
        """
        if isinstance(groupes, str):
            groupes = (groupes,)
        if not self.env.su and not any(self.env.user.has_group(g) for g in groupes):
            noms = " ou ".join(self.env.ref(g).sudo().name for g in groupes)
            raise AccessError(_("Seul le rôle %(noms)s peut %(quoi)s.", noms=noms, quoi=quoi))

    def _demander_motif(self, methode, titre, date=False):
        """Rend l'assistant qui demande un motif puis rappelle `methode(motif[, date])`."""
        return {
            "type": "ir.actions.act_window",
            "name": titre,
            "res_model": "cnas.motif.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_modele": self._name,
                "default_ids_texte": ",".join(map(str, self.ids)),
                "default_methode": methode,
                "default_avec_date": date,
            },
        }

    # ------------------------------------------------------------------ privé
    def _libelle_etat(self, etat):
        return dict(self._fields["state"]._description_selection(self.env)).get(etat, etat)

    def _sans_defauts_forges(self):
        """Ôte du contexte les valeurs par défaut des champs gardés (`default_state`…)."""
        gardes = {f"default_{champ}" for champ in ("state", *self._champs_geles)}
        if gardes.isdisjoint(self.env.context):
            return self
        return self.with_context({k: v for k, v in self.env.context.items() if k not in gardes})

    def _refuser_etat_avance(self, vals):
        if "state" in vals and vals["state"] != self._etat_initial:
            raise UserError(_(
                "Un enregistrement se crée à l'état « %(etat)s » : passez ensuite par les actions prévues.",
                etat=self._libelle_etat(self._etat_initial),
            ))
        for champ in self._champs_geles:
            if vals.get(champ):
                raise UserError(self._phrase_champ_gele(champ))

    def _refuser_champs_geles(self, vals):
        for champ in ("state", *self._champs_geles):
            if champ not in vals:
                continue
            field = self._fields[champ]
            nouvelle = field.convert_to_cache(vals[champ], self[:1], validate=False)
            for record in self:
                if field.convert_to_cache(record[champ], record, validate=False) != nouvelle:
                    raise UserError(self._phrase_champ_gele(champ))

    def _phrase_champ_gele(self, champ):
        libelle = self._fields[champ]._description_string(self.env)
        return _(
            "« %(champ)s » ne s'écrit pas directement : utilisez les boutons (ou les actions) prévus pour cela.",
            champ=libelle,
        )
