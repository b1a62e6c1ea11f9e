import re

from odoo import _, api, models
from odoo.exceptions import UserError, ValidationError
from odoo.osv import expression

from ..garde import effacer, en_silence, ouverture, ouvrir, refermer, sans_suivi
from ..impression.kit import est_arabe
from ..impression.langue import ARABE, FRANCAIS
from ..lecture import montrer, sans_accent

# Clés de contexte qui font taire une trace, un suivi ou une version : l'appelant n'en décide pas.
CLES_QUI_TAISENT = frozenset((
    "tracking_disable", "mail_notrack", "mail_create_nolog", "mail_create_nosubscribe", "install_mode", "noupdate",
))

# Au-delà, une création en nombre (import, chargement) tient en une ligne du journal.
LOT = 100

# Un nom affiché joint une clé et un libellé : « [MED0001] Paracétamol », « Hôpital (HP-ABE-01) », « B54 — Paludisme ».
NOMS_A_CLE = (re.compile(r"\[(?P<cle>[^\[\]]+)\] *(?P<nom>.*)"), re.compile(r"(?P<nom>.+?) *\((?P<cle>[^()]+)\)"),
              re.compile(r"(?P<cle>\S+) [—–] (?P<nom>.+)"))
CLES_AFFICHEES = ("code", "matricule", "numero", "numero_ordre")

# Ce qu'une valeur venue de dehors ne peut pas être, selon la nature du champ : nos méthodes la liraient avant l'ORM.
ETRANGERES = {
    "many2one": (bool, str, float, list, dict), **dict.fromkeys(("one2many", "many2many"), (str, int, float, dict)),
    **dict.fromkeys(("date", "datetime"), (int, float, list, dict)),
    **dict.fromkeys(("char", "text", "html", "selection", "integer", "float", "monetary"), (list, dict)),
}


class GardeMixin(models.AbstractModel):
    """Champs gardés : seul le code métier les écrit, par `_ecrire`, `_creer` ou `_supprimer`.

    Sont gardés les champs de `_champs_geles` (ceux de toute la lignée s'ajoutent) et tout champ calculé
    stocké. Un enfant qui ne vit que par son parent n'en change pas : le lien vers lui se donne à la création, comme les
    champs de `_champs_fixes` (ceux de toute la lignée).
    L'usager, l'écran, XML-RPC, une commande imbriquée d'un autre modèle, un import : tous passent par
    la même garde, et aucune clé de leur contexte ne l'ouvre ni ne fait taire la trace.

    Les champs de `_champs_journal` (ceux de toute la lignée) sont suivis au journal : création, avant et après,
    suppression ; un lot silencieux y tient en une ligne. Lire un champ de `_champs_lus` laisse une ligne : une fiche, ou
    la liste de celles qu'on a lues ensemble.

    Qui lit : `_cloison_agence` et `_cloison_usager` (chemins vers l'agence et vers l'usager à qui la fiche revient)
    et `_fichiers_comme` (le modèle qui dit qui lit les fichiers joints) sont appliqués par `ir.rule` et `ir.attachment` ; `_fichiers_a_trier` dit
    qu'un fichier choisi s'ouvre plus tard, un mauvais n'arrêtant pas les autres.

    Le code métier complète ce que l'usager donne à la création dans `_completer_creation`.
    """

    _name = "cnas.garde.mixin"
    _description = "Champs gardés"

    _champs_geles = ()
    _champs_fixes = ()
    _champs_journal = ()
    _champs_lus = ()
    _cloison_agence = ()
    _cloison_usager = ()
    _fichiers_comme = None
    _fichiers_a_trier = False

    # ------------------------------------------------------------------ mise en place
    def _setup_complete(self):
        super()._setup_complete()
        classe = self.env.registry[self._name]
        geles = {champ for parent in classe.mro() for champ in parent.__dict__.get("_champs_geles", ())}
        suivis = (champ for parent in classe.mro() for champ in parent.__dict__.get("_champs_journal", ()))
        classe._champs_suivis = tuple(champ for champ in dict.fromkeys(suivis) if champ in self._fields)
        calcules = {nom for nom, champ in self._fields.items() if champ.store and champ.compute and champ.readonly}
        classe._champs_gardes = frozenset(geles | calcules | classe._champs_gardes_en_plus())
        fixes = {champ for parent in classe.mro() for champ in parent.__dict__.get("_champs_fixes", ())}
        classe._champs_parents = frozenset(fixes.union(self._liens_au_parent()))

    @classmethod
    def _champs_gardes_en_plus(cls):
        """Point d'extension des mixins : d'autres champs gardés."""
        return set()

    def _liens_au_parent(self):
        """Rend les liens obligatoires vers un parent qui liste l'enfant, ou à qui il délègue, et qui l'emporte en s'effaçant."""
        inverses, delegues = self.pool.field_inverses, self._inherits.values()
        return (nom for nom, champ in self._fields.items() if champ.type == "many2one" and champ.store and champ.required
                and champ.ondelete == "cascade" and (nom in delegues or any(i.type == "one2many" for i in inverses[champ])))

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self = self._contexte_de_confiance()
        ouverts, recues = ouverture(), []
        for vals in vals_list:
            self._verifier_natures(vals)
            gardes = self._champs_gardes & vals.keys()
            if gardes and not (ouverts and ouverts.couvre(self.browse(), gardes)):
                self._garder_creation({champ: vals[champ] for champ in gardes})
                # Le vide d'un formulaire s'ignore : il ne remplace ni un calcul ni un défaut.
                vals = {champ: valeur for champ, valeur in vals.items() if champ not in gardes}
            recues.append(dict(vals))
        vals_list = self._completer_creation(recues)
        for vals in vals_list if not self.env.su else ():
            self._exiger_textes(vals)
        with refermer():
            crees = super().create(vals_list)
        crees._journaliser("creation", {}, crees._photo())
        return crees

    def write(self, vals):
        self._verifier_natures(vals)
        if not self.env.su:
            self._exiger_textes(vals)
        gardes = (self._champs_gardes | self._champs_parents) & vals.keys()
        if gardes and not self._ouvert(gardes):
            self._garder_ecriture(gardes, vals)
        self = self._contexte_de_confiance()
        avant = self._photo() if not vals.keys().isdisjoint(self._champs_suivis) else {}
        with refermer():
            resultat = super().write(vals)
        if avant:
            self._journaliser("modification", avant, self._photo())
        return resultat

    def unlink(self):
        self = self._contexte_de_confiance()
        self._journaliser("suppression", self._photo(), {})
        with effacer(self):
            return super().unlink()

    # ------------------------------------------------------------------ métier
    def _ecrire(self, valeurs, suivi=True):
        """Écrit ces champs gardés de ces enregistrements, et eux seuls.

        :param suivi: faux pour un lot : la trace du métier suffit, pas un message par enregistrement
        """
        with ouvrir(self, valeurs), sans_suivi(en_silence() or not suivi):
            return self.write(valeurs)

    @api.model
    def _creer(self, vals_list, suivi=True):
        """Crée des enregistrements dont le code métier pose lui-même les champs gardés."""
        champs = {champ for vals in vals_list for champ in vals}
        with ouvrir(self.browse(), champs), sans_suivi(en_silence() or not suivi):
            return self.create(vals_list)

    def _copier(self, valeurs):
        """Copie les enregistrements ; le code pose lui-même les champs gardés de `valeurs`."""
        return self._creer(self.copy_data(valeurs))

    def _supprimer(self):
        """Supprime ce que la garde de suppression du modèle réserve au code métier."""
        with ouvrir(self, ("unlink",)):
            return self.unlink()

    def _ouvert(self, champs):
        """Dit si l'appel vient du code métier qui a ouvert ces champs de ces enregistrements."""
        ouverts = ouverture()
        return bool(ouverts) and ouverts.couvre(self, champs)

    def _completer_creation(self, vals_list):
        """Point d'extension : complète les valeurs de création, une fois la garde passée.

        Ce que le code pose ici (numéro, auteur, contact) n'a pas à être ouvert. Rend la liste complétée.
        """
        return vals_list

    # ------------------------------------------------------------------ journal
    def _photo(self):
        """Rend {id: {champ suivi: valeur lisible}}."""
        if not self._champs_suivis:
            return {}
        return {record.id: {champ: self._lisible(record, champ) for champ in self._champs_suivis} for record in self.sudo()}

    @staticmethod
    def _lisible(record, champ):
        valeur = record[champ]
        return valeur.ids if isinstance(valeur, models.BaseModel) else valeur

    def _journaliser(self, evenement, avant, apres):
        """Inscrit ce qui a changé dans les champs suivis, et rien d'autre."""
        lignes = self.env["cnas.journal"]._changements(self._name, evenement, avant, apres)
        if len(lignes) > 1 and (en_silence() or (evenement == "creation" and len(lignes) > LOT)):
            ids = [ligne["res_id"] for ligne in lignes]
            lignes = [{"modele": self._name, "evenement": evenement,
                       "apres": {"nombre": len(ids), "du": min(ids), "au": max(ids)}}]
        self.env["cnas.journal"]._ajouter(lignes)

    def _read_format(self, fnames, load="_classic_read"):
        """Toute lecture demandée de dehors passe ici : écran, `read`, `search_read`."""
        if self and not self.env.su and not set(self._champs_lus).isdisjoint(fnames):
            ensemble = {"apres": {"nombre": len(self), "ids": self.ids}} if len(self) > 1 else {"res_id": self.id}
            self.env["cnas.journal"]._ajouter_une_fois({"modele": self._name, "evenement": "lecture", **ensemble})
        return super()._read_format(fnames, load)

    # ------------------------------------------------------------------ recherche
    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, access_rights_uid=None):
        """Un nom traduit se cherche aussi dans la langue où on l'écrit : « ملاريا » d'un écran français, « Paludisme » d'un écran arabe."""
        return super()._search(self._dans_la_langue_ecrite(domain), offset, limit, order, access_rights_uid)

    @api.model
    def _dans_la_langue_ecrite(self, domaine):
        """Rend le domaine, où chercher un texte traduit le cherche aussi dans la langue de ses lettres."""
        if not isinstance(domaine, (list, tuple)):
            return domaine  # l'ORM dira ce qu'il a de faux
        rendu = []
        for critere in domaine:
            langue = self._langue_ecrite(critere)
            if langue:
                ailleurs = self.with_context(lang=langue, active_test=False)._search([critere])
                rendu += ["|", critere, ("id", "in", ailleurs)]
            else:
                rendu.append(critere)
        return rendu

    @api.model
    def _langue_ecrite(self, critere):
        """Rend la langue où ce critère cherche un texte traduit, si ce n'est pas celle de l'appelant."""
        if not isinstance(critere, (list, tuple)) or len(critere) != 3 or not all(isinstance(mot, str) for mot in critere) or critere[1] not in ("=", "ilike", "=ilike"):
            return False
        champ = self._fields.get(critere[0])
        langue = ARABE if est_arabe(critere[2]) else FRANCAIS
        return champ is not None and champ.translate is True and critere[2] and langue != (self.env.lang or FRANCAIS) and langue

    # ------------------------------------------------------------------ nom affiché
    @api.model
    def _name_search(self, name, domain=None, operator="ilike", limit=None, order=None):
        """Ce qu'on recopie de l'écran ou d'un export se retrouve : le nom affiché, sa clé et son libellé."""
        if name and isinstance(name, str) and operator in ("=", "ilike", "=ilike"):
            trouves = self._par_nom_affiche(" ".join(name.split()), domain, exact=operator == "=")
            if trouves:
                return self._search([("id", "in", trouves.ids)], limit=limit, order=order)
        return super()._name_search(name, domain, operator, limit, order)

    @api.model
    def _par_nom_affiche(self, texte, domain, exact):
        """Rend ceux qui s'affichent ainsi. `exact` : un libellé qui contredit la clé ne désigne personne."""
        lu = next((lu for forme in NOMS_A_CLE if (lu := forme.fullmatch(texte))), None)
        if not lu:
            return self.browse()
        cle, nom, libelle = lu["cle"].strip().upper(), self._rec_name, sans_accent(lu["nom"])
        # Le numéro d'un régime est un nombre, d'autres modèles n'ont pas de nom : on ne compare que des textes.
        cles, noms = ([champ for champ in champs if champ in self._fields and self._fields[champ].type == "char"
                       and self._fields[champ]._description_searchable] for champs in (CLES_AFFICHEES, [nom]))
        par_cle, par_nom = [[(champ, "=", cle)] for champ in cles], [[(champ, "=ilike", lu["nom"])] for champ in noms if libelle]
        candidats = self.browse()
        for criteres in (par_cle, par_nom):  # la clé d'abord : elle est indexée
            candidats = candidats or (self.search(expression.AND([domain or [], expression.OR(criteres)]), limit=20) if criteres else candidats)
        affiches = candidats.filtered(lambda c: sans_accent(c.display_name) == sans_accent(texte))
        return affiches or candidats.filtered(lambda c: any(c[champ] == cle for champ in cles) and (
            not exact or (noms and sans_accent(c[nom]) == libelle)))

    # ------------------------------------------------------------------ oui ou non
    def _parmi(self, domaine):
        """Rend les identifiants de ceux-ci que ce domaine retient, quoi que l'usager en lise."""
        return set(self.sudo().search(expression.AND([[("id", "in", self.ids)], domaine])).ids)

    @api.model
    def _domaine_oui_non(self, operateur, valeur, domaine):
        """Rend le domaine que cherche un booléen calculé, vrai là où `domaine` le dit."""
        return domaine if (operateur == "=") == bool(valeur) else ["!", *expression.normalize_domain(domaine)]

    # ------------------------------------------------------------------ privé
    def _contexte_de_confiance(self):
        """Ôte du contexte ce qui tairait une trace ou remplirait un champ gardé ; le code seul demande le silence."""
        contexte, silence = self.env.context, en_silence()
        suspects = [cle for cle in contexte if cle in CLES_QUI_TAISENT or cle.startswith("cnas_")
                    or (cle.startswith("default_") and cle[8:] in self._champs_gardes)]
        if not suspects and not silence:
            return self
        propre = {cle: valeur for cle, valeur in contexte.items() if cle not in suspects}
        if silence:
            propre.update(tracking_disable=True, mail_create_nolog=True, mail_create_nosubscribe=True)
        return self.with_context(propre)

    def _garder_creation(self, valeurs):
        """Refuse une valeur donnée à un champ gardé ; le vide d'un formulaire s'ignore."""
        for champ, valeur in valeurs.items():
            if valeur:
                raise UserError(self._phrase_champ_gele(champ))

    def _garder_ecriture(self, gardes, vals):
        """Refuse de changer un champ gardé ; réécrire la même valeur passe."""
        for champ in gardes:
            field = self._fields[champ]
            if field.type in ("one2many", "many2many"):
                # Comparer une commande la jouerait dans le cache de l'enfant, qui la croirait ensuite déjà écrite.
                if vals[champ]:
                    raise UserError(self._phrase_champ_gele(champ))
                continue
            nouvelle = field.convert_to_cache(vals[champ], self[:1], validate=False)
            for record in self:
                if field.convert_to_cache(record[champ], record, validate=False) != nouvelle:
                    raise UserError(self._phrase_champ_gele(champ))

    def _verifier_natures(self, vals):
        """Refuse d'une phrase une liste à la place d'un nom, un texte à la place d'un lien…"""
        if self.env.su or not isinstance(vals, dict):
            return
        for champ, valeur in vals.items():
            defini = self._fields.get(champ)
            if valeur and defini and isinstance(valeur, ETRANGERES.get(defini.type, ())):
                raise UserError(_("« %(champ)s » ne peut pas valoir %(valeur)s.",
                                  champ=defini._description_string(self.env), valeur=montrer(valeur)))

    def _exiger_textes(self, vals):
        """Refuse qu'un nom, un objet, un motif exigés soient des blancs ; un modèle qui a sa phrase l'a déjà dite."""
        for champ, valeur in vals.items():
            defini = self._fields.get(champ)
            if isinstance(valeur, str) and not valeur.strip() and defini and defini.required and champ not in self._champs_gardes:
                raise ValidationError(_("« %s » est vide : écrivez-le.", defini._description_string(self.env)))

    def _phrase_champ_gele(self, champ):
        if champ in self._champs_parents and champ not in self._champs_gardes:
            return _("« %(quoi)s » : « %(champ)s » ne change plus une fois enregistré. Ajoutez-en un autre là où il doit être.",
                     quoi=self._description, champ=self._fields[champ]._description_string(self.env))
        return _(
            "« %(champ)s » ne s'écrit pas directement : utilisez les boutons (ou les actions) prévus pour cela.",
            champ=self._fields[champ]._description_string(self.env),
        )
