from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..garde import action_en_cours, motif_en_cours


class EtatMixin(models.AbstractModel):
    """État gardé, et mené par les seules actions de la table `_actions`.

    Le modèle qui hérite déclare un champ `state` et :

    * ``_etat_initial`` : l'état de création ;
    * ``_actions`` : {nom: `Action`}, décoré par `@actions` ; `action_<nom>` est décorée par `@transition` ;
    * ``_passages`` : {état: états} que le code mène seul, sans action d'un usager (échéance, retour de banque…) ;
    * ``_champs_geles`` : voir `cnas.garde.mixin` ;
    * ``_circuit`` : les étapes qu'un kanban montre même vides, voir `cnas.circuit.mixin`.

    Les tables de toute la lignée s'ajoutent : un addon du dessus étend sans recopier.

    | qui | peut |
    |---|---|
    | l'usager, l'écran, XML-RPC | appeler les actions ; jamais écrire `state` ni un champ gelé |
    | le code métier | `_changer_etat()` (transition vérifiée), `_ecrire()`, `_creer()` |
    """

    _name = "cnas.etat.mixin"
    _description = "État gardé"
    _inherit = ["cnas.garde.mixin", "cnas.circuit.mixin"]

    _etat_initial = "brouillon"
    _actions = {}
    _passages = {}

    raisons_actions = fields.Text(string="Ce qui attend", compute="_compute_actions", compute_sudo=False)

    # ------------------------------------------------------------------ mise en place
    def _setup_base(self):
        super()._setup_base()
        classe = self.env.registry[self._name]
        lignee = [parent.__dict__ for parent in reversed(classe.mro())]
        table = {nom: action for attributs in lignee for nom, action in attributs.get("_actions", {}).items()}
        transitions = {}
        for action in table.values():
            for depart in action.de:
                transitions.setdefault(depart, set()).update(action.vers)
        for attributs in lignee:
            for depart, arrivees in attributs.get("_passages", {}).items():
                transitions.setdefault(depart, set()).update(arrivees)
        classe._table_actions, classe._transitions = table, transitions

    @classmethod
    def _champs_gardes_en_plus(cls):
        return super()._champs_gardes_en_plus() | {"state"}

    # ------------------------------------------------------------------ calculs
    @api.depends(lambda self: tuple(self._champs_des_actions()))
    @api.depends_context("uid")
    def _compute_actions(self):
        """Ce que l'usager courant peut faire ici, et ce qui l'en empêche : lu par les boutons et par les actions."""
        attentes = {enregistrement: [] for enregistrement in self}
        for nom, action in self._actions_du_modele().items():
            roles, raisons = self._refus_de_role(action), self._raisons(nom)
            for enregistrement in self:
                raison = roles.get(enregistrement.state) or raisons.get(enregistrement._origin.id, False)
                enregistrement[f"peut_{nom}"] = not raison
                enregistrement[f"raison_{nom}"] = raison
                if raison and action.annonce and enregistrement.state in action.de and enregistrement.state not in roles:
                    attentes[enregistrement].append(f"{action.titre} : {raison}")
        for enregistrement, phrases in attentes.items():
            enregistrement.raisons_actions = "\n".join(phrases) or False

    # ------------------------------------------------------------------ métier
    def _actions_du_modele(self):
        """Rend la table {nom: Action} du modèle, celle des addons du dessus comprise."""
        return self.env.registry[self._name]._table_actions

    def _exiger(self, nom):
        """Refuse l'action à qui n'a pas le rôle, ou si l'un des enregistrements ne la permet pas.

        :raise AccessError: rôle
        :raise UserError: aucun enregistrement, état de départ, quatre yeux, ou raison du métier
        """
        action = self._actions_du_modele()[nom]
        if not self._a_le_role(action.tous_les_roles()):
            raise AccessError(self._phrase_role(action, action.tous_les_roles()))
        if not self:
            raise UserError(_("Choisissez au moins un enregistrement pour « %s ».", action.titre))
        if action.seul and len(self) > 1:
            raise UserError(_("Choisissez un seul enregistrement pour « %s ».", action.titre))
        self.check_access_rights("read")
        self.check_access_rule("read")
        for refus in self._refus_de_role(action).values():
            raise AccessError(refus)
        for identifiant, raison in self._raisons(nom).items():
            nom_lu = self.browse(identifiant).display_name or ""
            raise UserError(raison if nom_lu in raison else _("« %(nom)s » : %(raison)s", nom=nom_lu, raison=raison))

    def _changer_etat(self, cible, motif_journal=None, **valeurs):
        """Mène tous les enregistrements à l'état `cible` en écrivant aussi `valeurs`.

        :param motif_journal: pourquoi, au journal ; à défaut, le motif de l'action ou celui que l'on écrit
        :raise UserError: si la transition n'est pas permise depuis l'un des états présents
        """
        for enregistrement in self:
            if cible not in self._transitions.get(enregistrement.state, ()):
                raise UserError(_(
                    "« %(nom)s » est à l'état « %(depart)s » : il ne peut pas passer à « %(cible)s ».",
                    nom=enregistrement.display_name, depart=self._libelle_etat(enregistrement.state),
                    cible=self._libelle_etat(cible)))
        departs = {enregistrement.id: enregistrement.state for enregistrement in self}
        self._ecrire({**valeurs, "state": cible})
        ecrit = next((v for c, v in valeurs.items() if c.startswith("motif")), None)
        self._journaliser_etats(departs, cible, motif_journal or motif_en_cours() or ecrit)
        return True

    def _journaliser_etats(self, departs, cible, motif=None):
        """Inscrit au journal le passage de chaque enregistrement."""
        self.env["cnas.journal"]._ajouter([
            {"modele": self._name, "res_id": identifiant, "evenement": action_en_cours() or "passage",
             "avant": {"state": depart}, "apres": {"state": cible}, "motif": motif}
            for identifiant, depart in departs.items()])

    def _exiger_groupe(self, groupes, quoi):
        """Refuse à qui n'a aucun des groupes ce qui n'est pas une action de la table.

        :param groupes: identifiant externe ou tuple d'identifiants
        :param quoi: ce qui est demandé, à l'infinitif (« imprimer une fiche familiale »)
        """
        groupes = (groupes,) if isinstance(groupes, str) else groupes
        if not self._a_le_role(groupes):
            raise AccessError(_("Seul le rôle %(noms)s peut %(quoi)s.", noms=self._noms_roles(groupes), quoi=quoi))

    # ------------------------------------------------------------------ vues
    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Les boutons lisent la table : `peut_<action>` sur une fiche, les rôles en tête d'une liste."""
        arch, vue = super()._get_view(view_id, view_type, **options)
        lus = []
        for bouton in arch.xpath("//button[@type='object'][not(ancestor::field)]"):
            nom = getattr(getattr(type(self), bouton.get("name"), None), "_transition", None)
            if not nom:
                continue
            if view_type != "form":
                bouton.set("groups", ",".join(self._actions_du_modele()[nom].tous_les_roles()))
                continue
            deja = bouton.get("invisible")
            bouton.set("invisible", f"({deja}) or not peut_{nom}" if deja else f"not peut_{nom}")
            lus.append(f"peut_{nom}")
        if lus:
            self._montrer_raisons(arch, lus)
        return arch, vue

    @api.model
    def _montrer_raisons(self, arch, lus):
        """Ajoute à la fiche les champs que lisent ses boutons, et la phrase qui dit ce qu'ils attendent."""
        for champ in dict.fromkeys(lus):
            arch.insert(0, arch.makeelement("field", {"name": champ, "invisible": "1"}))
        phrase = arch.makeelement("div", {
            "class": "alert alert-info mb-0", "role": "status", "invisible": "not id or not raisons_actions"})
        phrase.append(arch.makeelement("field", {"name": "raisons_actions", "readonly": "1", "nolabel": "1"}))
        feuille = arch.find("sheet")
        if feuille is not None:
            feuille.addprevious(phrase)

    # ------------------------------------------------------------------ privé
    def _champs_des_actions(self):
        """Rend les champs dont dépendent les actions (état, signataires)."""
        signataires = {champ for action in self._actions_du_modele().values() for champ in action.quatre_yeux}
        return ({"state"} & self._fields.keys()) | signataires

    @api.model
    def _a_le_role(self, groupes):
        return self.env.su or not groupes or any(self.env.user.has_group(groupe) for groupe in groupes)

    @api.model
    def _noms_roles(self, groupes):
        return ", ".join(self.env.ref(groupe).sudo().name for groupe in groupes)

    @api.model
    def _phrase_role(self, action, groupes):
        return _("Seul le rôle %(noms)s peut faire « %(action)s ».", noms=self._noms_roles(groupes), action=action.titre)

    def _refus_de_role(self, action):
        """Rend {état: phrase} des états présents depuis lesquels l'usager n'a pas le rôle."""
        return {etat: self._phrase_role(action, action.roles_depuis(etat)) for etat in set(self.mapped("state"))
                if not self._a_le_role(action.roles_depuis(etat))}

    def _raisons(self, nom):
        """Rend {id: phrase} des enregistrements que l'état, les quatre yeux ou le métier retiennent."""
        action = self._actions_du_modele()[nom]
        raisons = {}
        for enregistrement in self:
            raison = (enregistrement._raison_d_etat(action) or enregistrement._raison_de_quatre_yeux(action))
            if raison:
                raisons[enregistrement._origin.id] = raison
        libres = self.filtered(lambda r: r._origin.id not in raisons)
        for methode in action.empeche if libres else ():
            trouvees = getattr(libres, methode)()
            raisons.update(trouvees)
            libres = libres.filtered(lambda r, t=trouvees: r._origin.id not in t)
        return raisons

    def _raison_d_etat(self, action):
        if self.state in action.de:
            return False
        return _("« %(nom)s » est à l'état « %(etat)s » : « %(action)s » se fait à l'état « %(etats)s ».",
                 nom=self.display_name, etat=self._libelle_etat(self.state), action=action.titre,
                 etats=" », « ".join(self._libelle_etat(etat) for etat in action.de))

    def _raison_de_quatre_yeux(self, action):
        """Les quatre yeux se comparent aux personnes, pas aux rôles : personne n'y échappe, OdooBot excepté."""
        if self.env.uid == SUPERUSER_ID:
            return False
        signataires = self.sudo()
        for champ in action.quatre_yeux:
            if self.env.uid in signataires[champ].ids:
                return _("Quatre yeux : « %(nom)s » porte déjà votre signature (%(champ)s), une autre personne doit "
                         "faire « %(action)s ».", nom=self.display_name, action=action.titre,
                         champ=_("créé par vous") if champ == "create_uid" else self._fields[champ]._description_string(self.env))
        return False

    def _demander_motif(self, nom):
        """Rend l'assistant qui demande un motif puis rappelle l'action."""
        action = self._actions_du_modele()[nom]
        return {
            "type": "ir.actions.act_window", "name": str(action.titre), "res_model": "cnas.motif.wizard",
            "view_mode": "form", "target": "new",
            "context": {"default_modele": self._name, "default_ids_texte": ",".join(map(str, self.ids)),
                        "default_action": nom, "default_avec_date": action.date, "default_avec_fin": action.fin},
        }

    def _libelle_etat(self, etat):
        return dict(self._fields["state"]._description_selection(self.env)).get(etat, etat)

    def _garder_creation(self, valeurs):
        etat = valeurs.pop("state", self._etat_initial)
        if etat != self._etat_initial:
            raise UserError(_(
                "Un enregistrement se crée à l'état « %(etat)s » : passez ensuite par les actions prévues.",
                etat=self._libelle_etat(self._etat_initial)))
        super()._garder_creation(valeurs)
