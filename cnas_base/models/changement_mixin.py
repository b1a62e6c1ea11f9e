from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import RedirectWarning, UserError

from ..garde import ouverture
from ..impression.langue import dans_la_langue_de
from ..jour import aujourd_hui
from ..lecture import lire_date

CONTACTS = ("email", "telephone_1", "telephone_2")


class ChangementMixin(models.AbstractModel):
    """Ce qui paie se change à deux : une écriture directe est refusée, une demande (`cnas.changement`) la remplace.

    Le modèle qui hérite déclare :

    * ``_champs_sensibles`` : {champ: méthode}, où la méthode reçoit les valeurs écrites et rend, parmi les
      enregistrements, ceux où le champ ne s'écrit plus seul ;
    * ``_cree_a_deux`` : la ligne elle-même se crée et se supprime à deux ;
    * ``_cle_a_deux`` : d'un modèle daté, les champs de ce qu'une ligne remplace (vide : `_periode_cle`) ;
    * ``_effet_immediat`` : accepté, le changement s'applique aussitôt (un fait constaté n'attend pas un jour) ;
    * ``_champs_joints`` : champs qu'une demande peut porter en plus (la source d'un paramètre).

    Un modèle daté (`cnas.periode.mixin`) : passée, en cours ou à venir, une ligne se change, se clôt et se supprime à
    deux, et s'ajoute à deux dès qu'une autre s'applique à ses dates ; ce qui comble un vide (un régime qu'on met en
    place) se pose seul. Réviser est une seule demande : la ligne ajoutée clôt la veille celle qui était sans fin.

    L'installation et le code du programme (`_ecrire`, `sudo`) n'y passent pas.
    """

    _name = "cnas.changement.mixin"
    _description = "Changement à deux"
    _inherit = ["cnas.garde.mixin"]

    _champs_sensibles = {}
    _champs_joints = ()
    _cree_a_deux = False
    _effet_immediat = False
    _cle_a_deux = ()

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        ouverts = ouverture()
        if self._a_deux() and any(
                self._creation_sensible(vals) and not (ouverts and ouverts.couvre(self.browse(), vals))
                for vals in vals_list):
            raise UserError(self._phrase_a_deux(_("une ligne ajoutée")))
        return super().create(vals_list)

    def write(self, vals):
        changes = self._changes_a_deux(vals)
        if changes and not self._ouvert(changes):
            raise UserError(self._phrase_a_deux(self._noms_champs(changes)))
        contacts = [champ for champ in CONTACTS if champ in vals and champ in self._fields]
        avant = {record.id: {champ: record[champ] for champ in contacts} for record in self.sudo()} if contacts else {}
        resultat = super().write(vals)
        self._journaliser_contacts(avant)
        return resultat

    def web_save(self, vals, specification, next_id=None):
        """À l'écran, le refus propose la demande, déjà remplie."""
        if self:
            changes = self._changes_a_deux(vals)
        else:
            changes = self._demandables() & vals.keys() if self._a_deux() and self._creation_sensible(vals) else ()
        if changes:
            raise RedirectWarning(
                self._phrase_a_deux(self._noms_champs(changes) if self else _("une ligne ajoutée")),
                self.env.ref("cnas_base.changement_action_demander").id,
                _("Faire la demande"), {"default_modele": self._name, "default_res_id": self.id or 0,
                                        "default_valeurs": {champ: vals[champ] for champ in changes}})
        return super().web_save(vals, specification, next_id)

    @api.ondelete(at_uninstall=False)
    def _supprimer_a_deux(self):
        if self._cree_a_deux and self._a_deux() and not self._ouvert(("unlink",)):
            raise UserError(self._phrase_a_deux(_("la suppression d'une ligne")))

    # ------------------------------------------------------------------ demander
    def demander_changement(self, valeurs, motif, date_effet=None):
        """Demande un changement qu'une seconde personne acceptera.

        Sans enregistrement : une création. Sans valeurs : une suppression.

        :param dict valeurs: {champ: valeur}, comme pour `write`
        :param str motif: pourquoi
        :param str date_effet: AAAA-MM-JJ ; aujourd'hui par défaut
        :return: identifiant de la demande (`cnas.changement`)
        :raise UserError: champ qui ne se demande pas, motif absent, date passée
        """
        if len(self) > 1:
            raise UserError(_("Une demande porte sur un seul enregistrement."))
        return self.env["cnas.changement"].create({
            "modele": self._name, "res_id": self.id or 0, "valeurs": valeurs or {}, "motif": motif,
            "date_effet": date_effet or aujourd_hui(),
        }).id

    # ------------------------------------------------------------------ ce qui est sensible
    def _a_deux(self):
        """Dit si l'appelant est un usager (ni le code, ni l'installation)."""
        return self.env.registry.ready and not self.env.su

    def _changes_a_deux(self, vals):
        """Rend les champs sensibles que ces valeurs changeraient."""
        if not self._a_deux():
            return []
        return [champ for champ, condition in self._champs_sensibles.items() if champ in vals
                and any(record._change(champ, vals[champ]) for record in getattr(self, condition)(vals))]

    def _change(self, champ, valeur):
        """Dit si écrire `valeur` changerait le champ de cet enregistrement."""
        field = self._fields[champ]
        if field.type in ("one2many", "many2many"):
            return bool(valeur) and [tuple(c) for c in valeur] != [(6, 0, self[champ].ids)]
        nouvelle = field.convert_to_cache(valeur, self, validate=False)
        return field.convert_to_cache(self[champ], self, validate=False) != nouvelle

    def _toujours(self, vals):
        return self

    @api.model
    def _creation_sensible(self, vals):
        """Point d'extension : dit si créer cette ligne se fait à deux."""
        cle = self._cle_a_deux or getattr(self, "_periode_cle", ())
        if not (self._cree_a_deux and cle):
            return self._cree_a_deux
        self._verifier_natures(vals)
        recues = {**self.default_get([*cle, "date_debut", "date_fin"]), **vals}
        debut, fin = (lire_date(recues.get(champ), None, self._fields[champ]._description_string(self.env), stricte=True)
                      for champ in ("date_debut", "date_fin"))
        domaine = [*((champ, "=", recues.get(champ) or False) for champ in cle), "|", ("date_fin", "=", False), ("date_fin", ">=", debut)]
        return bool(debut and self.sudo().search_count(domaine + ([("date_debut", "<=", fin)] if fin else []), limit=1))

    @api.model
    def _demandables(self):
        """Rend les champs qu'une demande de création peut porter."""
        return {nom for nom, champ in self._fields.items() if champ.store and not champ.related and champ.type not in (
            "one2many", "many2many")} - self._champs_gardes - set(models.MAGIC_COLUMNS)

    # ------------------------------------------------------------------ appliquer
    def _verifier_demande(self, valeurs):
        """Refuse une demande qui écrirait autre chose que ce qui se change à deux.

        :raise UserError: champ inconnu, gardé ou qui n'est pas sensible, valeur que le champ ne peut pas porter
        """
        if not (self and valeurs) and not self._cree_a_deux:
            raise UserError(_("« %s » ne se crée ni ne se supprime par une demande.", self._description))
        permis = {*self._champs_sensibles, *self._champs_joints} if self else self._demandables()
        for champ, valeur in valeurs.items():
            field = self._fields.get(champ)
            nom = field._description_string(self.env) if field else champ
            if champ not in permis:
                raise UserError(_("« %s » ne se change pas par une demande.", nom))
            try:
                if field.type == "many2one" and not isinstance(valeur, int):
                    raise ValueError(valeur)
                field.convert_to_cache(valeur, self)
            except (TypeError, ValueError) as erreur:
                raise UserError(_("« %s » ne peut pas porter cette valeur.", nom)) from erreur
        # l'application, elle, écrit au nom du système : c'est ici qu'un blanc se refuse
        self._exiger_textes(valeurs)

    def _empeche_de_decider(self):
        """Point d'extension : rend {id: raison} des fiches dont l'appelant ne décide pas le changement."""
        return {}

    def _appliquer_changement(self, valeurs, jour):
        """Applique une demande acceptée, à ce jour. Point d'extension. Rend l'enregistrement changé."""
        if not self:
            self._clore_la_precedente(valeurs)
            return self._creer([valeurs])
        if valeurs:
            self._ecrire(valeurs)
        else:
            self._supprimer()
        return self

    def _clore_la_precedente(self, valeurs):
        """Clôt la veille la ligne de même clé, sans fin, que la ligne ajoutée sans fin prolonge."""
        debut = fields.Date.to_date(valeurs.get("date_debut"))
        if debut and not valeurs.get("date_fin") and getattr(self, "_periode_cle", ()):
            recues = {**self.default_get(list(self._periode_cle)), **valeurs}
            cle = [(champ, "=", recues.get(champ) or False) for champ in self._periode_cle]
            self.search([*cle, ("date_debut", "<", debut), ("date_fin", "=", False)])._ecrire(
                {"date_fin": debut - timedelta(days=1)})

    def _contacts(self):
        """Rend les adresses à prévenir : celle du dossier, et celles qu'il portait récemment."""
        self.ensure_one()
        if "email" not in self._fields:
            return set()
        recul = self.env["cnas.parametre"]._au("memoire_contact_jours")
        anciens = self.env["cnas.journal"].sudo().search([
            ("modele", "=", self._name), ("res_id", "=", self.id), ("evenement", "=", "contact"),
            ("date", ">=", fields.Datetime.subtract(fields.Datetime.now(), days=recul))])
        return {adresse for adresse in (self.sudo().email, *((a.avant or {}).get("email") for a in anciens)) if adresse}

    def _annoncer_changement(self, ecrire, contacts):
        """Écrit au dossier ce qui a changé, et le dit à l'intéressé, dans sa langue, sur l'ancien et le nouveau contact.

        :param ecrire: fonction qui reçoit le dossier et rend la phrase dans sa langue
        """
        cible = self.sudo()
        if "message_ids" in self._fields:
            cible.message_post(body=ecrire(cible))
        if adresses := contacts | cible._contacts():
            with dans_la_langue_de(cible, cible) as dite:
                dite._ecrire_le_changement(adresses, ecrire(dite))

    def _ecrire_le_changement(self, adresses, phrase):
        self.env["mail.mail"]._ecrire(
            sorted(adresses), _("Changement sur votre dossier à la CNAS : %s", self.display_name),
            _("%s Si vous n'êtes pas à l'origine de ce changement, prévenez votre agence.", phrase), auto_delete=False)

    # ------------------------------------------------------------------ privé
    def _journaliser_contacts(self, avant):
        lignes = [{"modele": self._name, "res_id": record.id, "evenement": "contact", "avant": avant[record.id],
                   "apres": {champ: record[champ] for champ in avant[record.id]}} for record in self.sudo()
                  if record.id in avant]
        self.env["cnas.journal"]._ajouter([ligne for ligne in lignes if ligne["avant"] != ligne["apres"]])

    def _noms_champs(self, champs):
        return ", ".join(f"« {self._fields[champ]._description_string(self.env)} »" for champ in champs)

    def _phrase_a_deux(self, quoi):
        nom = self[:1].display_name or self._description
        return _("%(nom)s : %(quoi)s se change à deux. Faites une demande de changement, avec son motif : "
                 "une autre personne l'acceptera.", nom=nom, quoi=quoi)
