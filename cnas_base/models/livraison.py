import psycopg2
from lxml import etree

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.modules.module import get_manifest
from odoo.tools import convert, file_open
from odoo.tools.safe_eval import safe_eval
from odoo.tools.translate import _lt

from ..garde import Action, actions, transition

ADMINISTRATEUR = "cnas_base.group_administrateur"
# Ce qu'Odoo nous prête et que la caisse règle ; le reste (société, contacts, files) est à elle seule.
MODELES_D_ODOO = ("ir.sequence", "ir.cron", "mail.template")
# Ce qui vit de soi-même, ou qu'Odoo réécrit à sa façon.
TUS = ("nextcall", "active", "number_next", "number_next_actual", "body_html", "code", "model_id", "user_id")


@actions
class Livraison(models.Model):
    """Un réglage livré, comparé à celui de la caisse : une correction livrée se voit, elle ne s'impose pas.

    Une mise à jour ne réécrit jamais un réglage (`noupdate`) ni ne recrée celui qui a été retiré. Elle pose ici ce qui
    diffère ; adopter l'écrit (à deux, si ce réglage se change à deux), garder le tait jusqu'à une autre livraison.

    États : conforme, à voir, gardé, demandé. Lignes écrites par le programme seul ; l'administrateur décide : `_actions`.
    """

    _name = "cnas.livraison"
    _description = "Écart avec la livraison"
    _inherit = ["cnas.etat.mixin"]
    _order = "state, modele, name, id"
    _etat_initial = "conforme"
    _actions = {
        "adopter": Action(titre=_lt("Adopter la valeur livrée"), de=("a_voir", "gardee"), vers=("conforme", "demandee"), roles=(ADMINISTRATEUR,), seul=True),
        "garder": Action(titre=_lt("Garder le réglage d'ici"), de=("a_voir", "demandee"), vers=("gardee",), roles=(ADMINISTRATEUR,), motif=True,
                         empeche=("_changement_en_route",)),
    }
    _champs_geles = ("xmlid", "modele", "res_id", "name", "ecart", "valeurs", "motif")
    _passages = dict.fromkeys(("conforme", "a_voir", "gardee", "demandee"), ("conforme", "a_voir"))

    xmlid = fields.Char(string="Identifiant livré", required=True)
    modele = fields.Char(string="Nature", required=True, index=True)
    res_id = fields.Integer(string="Enregistrement", group_operator=None)
    name = fields.Char(string="Réglage", required=True)
    ecart = fields.Text(string="Écart")
    valeurs = fields.Json(string="Valeurs livrées qui diffèrent")
    motif = fields.Char(string="Motif")
    state = fields.Selection(
        [("a_voir", "À voir"), ("demandee", "Adoption demandée"), ("gardee", "Gardé"), ("conforme", "Conforme")],
        string="Statut", default="conforme", required=True, index=True)

    _sql_constraints = [("xmlid_unique", "UNIQUE (xmlid)", "Ce réglage livré est déjà suivi.")]

    # ------------------------------------------------------------------ actions
    @transition("adopter")
    def action_adopter(self):
        """Écrit ici les valeurs livrées, ou demande le changement s'il se fait à deux.

        :return: True
        :raise UserError: réglage retiré ici, ou valeur que ses gardes refusent
        """
        cible = self.env[self.modele].browse(self.res_id).exists()
        if not cible:
            raise UserError(_("« %s » a été retiré ou remplacé ici : recréez-le par son écran si vous en voulez de nouveau.", self.name))
        if self.modele in MODELES_D_ODOO:
            cible = cible.sudo()
        valeurs = {champ: self._ecrivable(cible._fields[champ], valeur) for champ, valeur in (self.valeurs or {}).items()}
        sensibles = cible._changes_a_deux(valeurs) if hasattr(cible, "demander_changement") else []
        seules = {champ: valeur for champ, valeur in valeurs.items() if champ not in sensibles}
        if seules:
            # livré en français : l'écrire dans la langue de l'appelant laisserait l'écart, et perdrait sa traduction
            cible.with_context(lang="fr_FR").write(seules)
        if sensibles:
            cible.demander_changement({champ: valeurs[champ] for champ in sensibles}, _("Valeur livrée avec le logiciel"))
        self._changer_etat("demandee" if sensibles else "conforme")
        return True

    @transition("garder")
    def action_garder(self, motif=None):
        """Garde le réglage de la caisse : l'écart se tait jusqu'à ce qu'une autre valeur soit livrée.

        :param str motif: pourquoi ; sans lui l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self._changer_etat("gardee", motif=motif)

    def _changement_en_route(self):
        """Rend {id: phrase} de ceux dont le changement demandé s'appliquerait encore : gardé, un réglage ne bouge plus."""
        vises = {(c.modele, c.res_id) for c in self.env["cnas.changement"].sudo().search([
            ("state", "in", ("demande", "accepte")), ("modele", "in", self.mapped("modele")), ("res_id", "in", self.mapped("res_id"))])}
        return {ligne.id: _("le changement demandé attend encore : faites-le d'abord refuser.")
                for ligne in self if ligne.state == "demandee" and (ligne.modele, ligne.res_id) in vises}

    def action_ouvrir(self):
        """Ouvre le réglage d'ici."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": self.modele, "res_id": self.res_id, "view_mode": "form", "name": self.name}

    # ------------------------------------------------------------------ livrer
    @api.model
    def _livrer(self, addon):
        """Relève les réglages que livre un addon ; dernière donnée de chaque addon, à l'installation comme à la mise à jour.

        Celui qui n'a jamais été livré ici est posé ; celui que la caisse a retiré, ou dont la place est prise, ne l'est pas.
        """
        suivies = {ligne.xmlid: ligne for ligne in self.sudo().search([("xmlid", "=like", f"{addon}.%")])}
        for enregistrement in self._enregistrements_livres(addon):
            xmlid = f"{addon}.{enregistrement.get('id')}"
            modele = self.env[enregistrement.get("model")].sudo()
            cible = self.env.ref(xmlid, raise_if_not_found=False)
            refus = False
            if not cible and xmlid not in suivies:
                refus = self._poser(addon, enregistrement)
                cible = self.env.ref(xmlid, raise_if_not_found=False)
            livrees = self._valeurs_livrees(addon, enregistrement, modele)
            self._suivre(suivies.get(xmlid, self.browse()), xmlid, modele, cible, livrees, refus)

    @api.model
    def _poser(self, addon, enregistrement):
        """Crée un réglage nouveau ; rend la phrase du refus si la caisse en a déjà un à sa place."""
        enregistrement.attrib.pop("forcecreate", None)
        racine = etree.Element("odoo", noupdate="1")
        racine.append(enregistrement)
        try:
            with self.env.cr.savepoint():
                convert.xml_import(self.env, addon, {}, "update", noupdate=True, xml_filename="livraison").parse(racine)
                self.env.flush_all()
        except Exception as erreur:  # noqa: BLE001 : une livraison refusée ne bloque pas la mise à jour, elle se montre
            self.env.invalidate_all()
            cause = getattr(erreur, "__cause__", None) or erreur
            if isinstance(cause, psycopg2.IntegrityError):
                return _("La caisse a déjà un réglage à sa place : celui qui est livré n'a pas été ajouté.")
            return str(cause).strip().splitlines()[0]

    @api.model
    def _enregistrements_livres(self, addon):
        """Rend les `<record>` « noupdate » des données d'un addon."""
        for chemin in get_manifest(addon).get("data", []):
            if not chemin.endswith(".xml"):
                continue
            with file_open(f"{addon}/{chemin}", "rb") as flux:
                racine = etree.parse(flux).getroot()
            for enregistrement in racine.iter("record"):
                bloc = next((parent for parent in enregistrement.iterancestors() if parent.get("noupdate")), None)
                modele = enregistrement.get("model")
                if bloc is not None and bloc.get("noupdate") in ("1", "True") and (modele.startswith("cnas.") or modele in MODELES_D_ODOO):
                    yield enregistrement

    @api.model
    def _valeurs_livrees(self, addon, enregistrement, modele):
        """Rend {champ: valeur} que dit le XML, comme pour `create`."""
        def ref(nom):
            return self.env["ir.model.data"]._xmlid_to_res_id(nom if "." in nom else f"{addon}.{nom}")

        valeurs = {}
        for noeud in enregistrement.findall("field"):
            champ = modele._fields.get(noeud.get("name"))
            if champ is None or noeud.get("name") in TUS or noeud.get("type") or noeud.get("search"):
                continue
            if noeud.get("ref"):
                valeurs[champ.name] = ref(noeud.get("ref"))
            elif noeud.get("eval"):
                valeurs[champ.name] = safe_eval(noeud.get("eval"), {"ref": ref, "Command": fields.Command, "obj": modele.browse})
            else:
                valeurs[champ.name] = self._typer(champ, noeud.text or "")
        return valeurs

    @api.model
    def _typer(self, champ, texte):
        if champ.type in ("integer", "many2one"):
            return int(texte or 0)
        if champ.type in ("float", "monetary"):
            return float(texte or 0)
        if champ.type == "boolean":
            return texte.strip().lower() not in ("", "0", "false", "none")
        return texte

    @api.model
    def _suivre(self, ligne, xmlid, modele, cible, livrees, refus):
        """Note ce qui diffère ; un écart gardé le reste tant que la livraison dit la même chose."""
        if cible:
            valeurs, phrase = self._comparer(modele, cible, livrees)
        else:
            valeurs, phrase = livrees and self._en_json(modele, livrees), refus or _("Retiré ici ; la livraison le porte encore.")
        vals = {"modele": modele._name, "res_id": cible.id if cible else 0, "ecart": phrase or False, "valeurs": valeurs or False,
                "name": cible.display_name if cible else (ligne.name or livrees.get("name") or livrees.get("code") or xmlid)}
        if not ligne:
            ligne = self._creer([{**vals, "xmlid": xmlid}])
        elif ligne.state in ("gardee", "demandee") and phrase and ligne.valeurs == vals["valeurs"]:
            return
        else:
            ligne._ecrire({champ: valeur for champ, valeur in vals.items() if ligne[champ] != valeur})
        etat = "a_voir" if phrase else "conforme"
        if ligne.state != etat:
            ligne._changer_etat(etat)

    @api.model
    def _comparer(self, modele, cible, livrees):
        """Rend ({champ: valeur livrée} de ce qui diffère, la phrase qui le dit)."""
        # ce qui est livré est en français : une traduction n'est pas un écart
        cible = cible.with_context(lang="fr_FR")
        neuf, valeurs, phrases = modele.new(livrees), {}, []
        for champ in livrees:
            ici, livre = self._lisible(cible, champ), self._lisible(neuf, champ)
            if ici != livre and not self._etendu(cible, neuf, champ):
                valeurs[champ] = livrees[champ]
                nom = modele._fields[champ]._description_string(self.with_context(lang="fr_FR").env)
                phrases.append(_("%(nom)s : ici « %(ici)s », livré « %(livre)s ».", nom=nom, ici=self._dire(cible, champ), livre=self._dire(neuf, champ)))
        return self._en_json(modele, valeurs), "\n".join(phrases)

    @api.model
    def _etendu(self, cible, neuf, champ):
        """Dit que les valeurs permises d'un paramètre comprennent celles qui sont livrées : un addon du dessus y ajoute les siennes."""
        return cible._name == "cnas.parametre" and champ == "choix" and neuf.choix and set(neuf._permises()) <= set(cible._permises())

    @api.model
    def _lisible(self, enregistrement, champ):
        field, valeur = enregistrement._fields[champ], enregistrement[champ]
        if field.relational:
            return sorted(valeur._origin.ids)
        return " ".join(valeur.split()) if isinstance(valeur, str) else valeur or False

    @api.model
    def _dire(self, enregistrement, champ):
        field, valeur = enregistrement._fields[champ], enregistrement[champ]
        if field.relational:
            return ", ".join(valeur._origin.mapped("display_name"))
        if field.type == "boolean":
            return _("oui") if valeur else _("non")
        return str(valeur or "")

    @api.model
    def _en_json(self, modele, valeurs):
        return {champ: modele.new({champ: valeur})[champ]._origin.ids if modele._fields[champ].relational else
                fields.Date.to_string(valeur) if hasattr(valeur, "strftime") else valeur for champ, valeur in valeurs.items()}

    @api.model
    def _ecrivable(self, field, valeur):
        if field.type == "many2one":
            return valeur[0] if valeur else False
        return [fields.Command.set(valeur)] if field.relational else valeur
