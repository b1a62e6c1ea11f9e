import json

from psycopg2.extras import execute_values

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.lecture import lire_decimal, lire_entier, sans_accent

from ...phonetique import cle_phonetique, ressemblance
from ...vocabulaire import lire_case, montrer_case, vide
from .decision import EN_COURS
from .menage_mixin import DECISIONS

AGENT = "cnas_base.group_agent"
DECISIONS_LUES = {
    **dict.fromkeys(("eligible", "retenu", "retenue", "admis", "admise", "beneficiaire", "oui", "o", "accepte", "acceptee"), "eligible"),
    **dict.fromkeys(("non eligible", "ineligible", "non retenu", "non retenue", "exclu", "exclue", "rejete", "rejetee", "refuse",
                     "non beneficiaire", "non", "n"), "non_eligible"),
}
# Au-dessous, le NNI désigne sans doute quelqu'un d'autre que le chef de ménage nommé.
RESSEMBLANCE_MIN = 0.7
PERSONNES_MAX = 100
# « Na » est un nom, « 0 » un numéro de ménage ; « non » est une décision.
PEUT_RESSEMBLER_AU_VIDE = ("menage", "chef", "prenom", "decision")
EXIGES = ("numero_menage", "village", "district_id", "decision")
DU_MENAGE = ("numero_menage", "district_id", "village", "chef", "nni", "score", "personnes", "decision", "assure_id")


@actions
class ListeRsuLigne(models.Model):
    """Un ménage d'une liste du registre social : ce qu'elle en dit, ce que le contrôle en juge, ce que l'assemblée en décide.

    États : retenue, en double (à trancher par l'agent : garder ou écarter), refusée, déjà décidée, écartée ; puis décidée,
    quand la liste est validée. L'agent y écrit la décision de l'assemblée et l'assuré reconnu, tant que la liste n'est pas
    décidée. Le reste : la table `_actions`.
    """

    _name = "cnas.liste_rsu.ligne"
    _description = "Ménage d'une liste du registre social"
    _inherit = ["cnas.etat.mixin", "cnas.menage_rsu.mixin"]
    _order = "liste_id, numero, id"
    _rec_name = "numero_menage"

    _etat_initial = "retenue"
    _actions = {
        "garder": Action(titre=_lt("Garder"), de=("double",), vers=("retenue",), roles=(AGENT,), motif=True,
                         empeche=("_liste_decidee",)),
        "ecarter": Action(titre=_lt("Écarter"), de=("retenue", "double"), vers=("ecartee",), roles=(AGENT,), motif=True,
                          empeche=("_liste_decidee",)),
    }
    _passages = {"retenue": ("decidee",)}
    _champs_geles = ("numero", "recu", "numero_menage", "district_id", "village", "chef", "nni", "score", "personnes", "decision",
                     "message", "motif")

    # Refusée, une ligne n'a pas toujours son district ni son village.
    numero_menage = fields.Char(required=False)
    district_id = fields.Many2one(required=False)
    village = fields.Char(required=False)
    liste_id = fields.Many2one("cnas.liste_rsu", string="Liste", required=True, index=True, ondelete="cascade")
    numero = fields.Integer(string="Ligne")
    recu = fields.Json(string="Valeurs reçues")
    decision = fields.Selection(selection=DECISIONS, string="Décision proposée")
    decision_communaute = fields.Selection(selection=DECISIONS, string="Décision de l'assemblée", help="Vide : comme proposé.")
    state = fields.Selection(
        selection=[("retenue", "Retenu"), ("double", "En double"), ("refusee", "Refusé"), ("deja", "Déjà décidé"),
                   ("ecartee", "Écarté"), ("decidee", "Décidé")],
        string="Résultat", default="retenue", required=True, index=True)
    message = fields.Char(string="Que faire")
    motif = fields.Char(string="Motif")

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        if self._ouvert(vals):
            return super().write(vals)
        for phrase in self._liste_decidee().values():
            raise UserError(phrase)
        avant = {ligne: (ligne.assure_id, ligne._issue()) for ligne in self}
        resultat = super().write(vals)
        self.filtered(lambda ligne: ligne.assure_id != avant[ligne][0])._verifier_assures()
        if any(ligne._issue() != avant[ligne][1] for ligne in self):
            self.liste_id.ligne_ids.filtered(lambda ligne: ligne.state == "retenue")._refuser_les_doubles(self)
        self.liste_id._noter_intervenant()
        return resultat

    def _issue(self):
        """Rend ce que sera la décision : celle de l'assemblée, ou celle proposée."""
        return self.decision_communaute or self.decision

    def _verifier_assures(self):
        """Refuse à un ménage éligible un assuré qui ne convient pas, ou qui est déjà le chef d'un autre."""
        cles = {}
        for ligne in self.filtered(lambda ligne: ligne.assure_id and ligne._issue() == "eligible"):
            cles.setdefault(ligne.assure_id.id, set()).add(ligne.cle_menage)
        for phrase in self.env["cnas.decision_amed"]._raisons_de_douter(self.env["cnas.assure"].browse(cles), cles).values():
            raise UserError(phrase)

    def _refuser_les_doubles(self, parmi=None):
        """Refuse qu'un ménage retenu devienne éligible si la personne l'est déjà ailleurs, sans que l'agent l'ait gardé.

        Le contrôle à blanc n'a pas vu ce que l'assemblée a changé, ni ce qu'une autre liste a décidé depuis.

        :param parmi: les ménages qui changent ; tous à défaut
        """
        lus = [{"ligne": ligne, "numero": ligne.numero, "cle": ligne.cle_menage, "erreurs": [], "doubles": [],
                "valeurs": {"decision": ligne._issue(), "nni": ligne.nni, "assure_id": ligne.assure_id.id}} for ligne in self]
        self._signaler_doubles(lus)
        for lu in lus:
            ligne = lu["ligne"]
            gardee = ligne.motif and ligne.decision == "eligible"
            if lu["doubles"] and not gardee and (parmi is None or ligne in parmi):
                raise UserError(_("Ménage %(menage)s, ligne %(ligne)s : %(double)s Écartez-le, ou refaites la liste pour en juger.",
                                  menage=ligne.numero_menage, ligne=ligne.numero, double=" ".join(lu["doubles"])))

    # ------------------------------------------------------------------ actions
    @transition("garder")
    def action_garder(self, motif=None):
        """Garde des ménages signalés en double : ce ne sont pas les mêmes personnes, ou leur droit est établi.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self.liste_id._noter_intervenant()
        self._changer_etat("retenue", motif=motif)

    @transition("ecarter")
    def action_ecarter(self, motif=None):
        """Écarte des ménages : aucune décision n'en naîtra.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self.liste_id._noter_intervenant()
        self._changer_etat("ecartee", motif=motif)

    def _liste_decidee(self):
        """Rend {id: phrase} des ménages dont la liste est décidée."""
        return {ligne._origin.id: _("Cette liste est décidée : ses ménages ne changent plus.") for ligne in self
                if ligne.liste_id.state not in ("brouillon", "controlee", "soumise")}

    # ------------------------------------------------------------------ contrôle à blanc
    @api.model
    def _juger(self, liste, rangs):
        """Juge tous les ménages d'un fichier et les enregistre, en un nombre constant de requêtes.

        :param liste: la liste
        :param rangs: lignes rendues par `lire_tableau`
        """
        districts = self.env["cnas.district"]._par_nom()
        # Traduits une fois pour le fichier : la traduction coûterait plus que la lecture.
        quoi = {"score": _("Score"), "personnes": _("Le nombre de personnes")}
        lignes = [self._lire_ligne(liste, rang, districts, quoi) for rang in rangs]
        self._accorder_villages(lignes)
        self._reconnaitre_assures(lignes)
        self._confronter_decisions(liste, lignes)
        self._signaler_doubles(lignes)
        self._proposer_ressemblants(lignes)
        self._enregistrer(liste, lignes)

    @api.model
    def _enregistrer(self, liste, lignes):
        """Écrit les ménages jugés en une requête : dix mille lignes ne passent pas par dix mille fiches."""
        maintenant = fields.Datetime.now()
        execute_values(self.env.cr._obj, f"""
            INSERT INTO cnas_liste_rsu_ligne (liste_id, numero, recu, {", ".join(DU_MENAGE)}, cle_menage, state, message,
                                              create_uid, create_date, write_uid, write_date)
            VALUES %s""", [
            (liste.id, li["numero"], json.dumps(li["recu"]), *(li["valeurs"].get(champ) or None for champ in DU_MENAGE), li["cle"],
             self._verdict(li), " ".join(li["erreurs"] + li["doubles"] + li["notes"]) or None,
             self.env.uid, maintenant, self.env.uid, maintenant) for li in lignes], page_size=2000)
        liste.invalidate_recordset()

    @api.model
    def _verdict(self, ligne):
        if ligne["erreurs"]:
            return "refusee"
        return "deja" if ligne["deja"] else "double" if ligne["doubles"] else "retenue"

    @api.model
    def _lire_ligne(self, liste, rang, districts, quoi):
        """Rend un ménage lu : ses valeurs, et ce qui y est refusé, en français."""
        texte = {c: lire_case(v, c in PEUT_RESSEMBLER_AU_VIDE) for c, v in rang.items()}
        district, proches = liste.district_id.id, []
        if texte.get("district"):
            district, proches = self.env["cnas.district"]._lire_nom(texte["district"], districts)
        erreurs = []
        valeurs = {
            "numero_menage": texte.get("menage") or False, "chef": " ".join(filter(None, (texte.get("chef"), texte.get("prenom")))) or False,
            "village": texte.get("village") or liste.village or False,
            "nni": self.env["cnas.assure"]._normaliser_matricule(texte.get("nni")) or False,
            "district_id": district,
            "decision": DECISIONS_LUES.get(sans_accent(texte.get("decision", ""))) or False}
        if not all(valeurs[champ] for champ in EXIGES):
            erreurs += self._manques(valeurs, texte, proches)
        for champ, lire in (("score", lambda v: lire_decimal(v, 0.0, quoi["score"])),
                            ("personnes", lambda v: lire_entier(v, 0, quoi["personnes"], 0, PERSONNES_MAX))):
            try:
                valeurs[champ] = lire(None if vide(rang.get(champ)) else rang[champ])
            except UserError as refus:
                erreurs.append(str(refus))
        cle = self._cle(valeurs["district_id"], valeurs["village"], valeurs["numero_menage"])
        return {"numero": rang.numero, "recu": {c: montrer_case(v) for c, v in rang.items()}, "valeurs": valeurs, "erreurs": erreurs,
                "doubles": [], "notes": [], "deja": False, "cle": cle, "matricule": texte.get("matricule", "")}

    @api.model
    def _manques(self, valeurs, texte, proches):
        """Rend ce qui manque à un ménage, ou ne se lit pas."""
        phrases = {
            "numero_menage": _("Numéro de ménage manquant."), "village": _("Village manquant."),
            "district_id": self.env["cnas.district"]._phrase_inconnu(texte["district"], proches) if texte.get("district")
            else _("District manquant."),
            "decision": _("Décision illisible : écrivez « éligible » ou « non éligible ».")}
        return [phrases[champ] for champ in EXIGES if not valeurs[champ]]

    @api.model
    def _accorder_villages(self, lignes):
        """Écrit chaque village comme les décisions d'avant, ou la première ligne : « AMRA » et « Amra » se comptent ensemble."""
        def cle(district, village):
            return district, sans_accent(village)

        ecritures = {cle(district.id, village): village for district, village in self.env["cnas.decision_amed"]._read_group(
            [("district_id", "in", list({li["valeurs"]["district_id"] for li in lignes}))], ["district_id", "village"])}
        for ligne in lignes:
            valeurs = ligne["valeurs"]
            if valeurs["village"]:
                valeurs["village"] = ecritures.setdefault(cle(valeurs["district_id"], valeurs["village"]), valeurs["village"])

    @api.model
    def _reconnaitre_assures(self, lignes):
        """Donne à chaque ménage l'assuré que son matricule ou son NNI désigne ; un autre nom est un double à trancher."""
        Assure = self.env["cnas.assure"]
        nnis = [li["valeurs"]["nni"] for li in lignes if li["valeurs"]["nni"]]
        par_nni = {a.nni: a for a in Assure.search([("nni", "in", nnis)])}
        par_matricule = Assure._resoudre_matricules([li["matricule"] for li in lignes if li["matricule"]])
        for ligne in lignes:
            nni, chef = ligne["valeurs"]["nni"], ligne["valeurs"]["chef"]
            assure = Assure.browse(par_matricule.get(ligne["matricule"]) or ()) or par_nni.get(nni, Assure)
            if ligne["matricule"] and not par_matricule.get(ligne["matricule"]):
                ligne["erreurs"].append(_("Aucun assuré ne porte le matricule « %s ».", ligne["matricule"]))
            if not assure:
                continue
            ligne["valeurs"]["assure_id"] = assure.id
            if nni and assure.nni and assure.nni != nni:
                ligne["doubles"].append(_("Le NNI %(nni)s n'est pas celui du matricule %(matricule)s.", nni=nni, matricule=assure.matricule))
            if chef and ressemblance(chef, assure.name) < RESSEMBLANCE_MIN:
                ligne["doubles"].append(_("Le numéro donné est celui de %(nom)s (%(matricule)s), pas de %(chef)s.",
                                          nom=assure.name, matricule=assure.matricule, chef=chef))

    @api.model
    def _confronter_decisions(self, liste, lignes):
        """Reprend l'assuré de la décision en cours du même ménage ; la même décision au même jour est déjà prise."""
        en_cours = self.env["cnas.decision_amed"].search([
            ("cle_menage", "in", [li["cle"] for li in lignes]), ("state", "in", EN_COURS)]).grouped("cle_menage")
        vues = {}
        for ligne in lignes:
            premiere = vues.setdefault(ligne["cle"], ligne["numero"])
            if premiere != ligne["numero"] and ligne["valeurs"]["numero_menage"]:
                ligne["erreurs"].append(_("Répète le ménage de la ligne %s.", premiere))
            actuelle = en_cours.get(ligne["cle"], self.env["cnas.decision_amed"])[:1]
            if not actuelle:
                continue
            ligne["valeurs"].setdefault("assure_id", actuelle.assure_id.id)
            if actuelle.date_debut == liste.date_effet and actuelle.decision == ligne["valeurs"]["decision"]:
                ligne["deja"] = True
                ligne["notes"].append(_("Déjà décidé : %s.", actuelle.reference))
            elif actuelle.date_debut >= liste.date_effet:
                ligne["erreurs"].append(_("Une décision plus récente est en cours depuis le %s.", ecrire_date(actuelle.date_debut)))
            else:
                ligne["notes"].append(_("Prend la suite de la décision %s.", actuelle.reference))

    @api.model
    def _signaler_doubles(self, lignes):
        """Signale la personne de deux ménages : même NNI ou même assuré, dans le fichier ou parmi les décisions en cours."""
        eligibles = [li for li in lignes if li["valeurs"]["decision"] == "eligible" and not li["erreurs"]]
        Decision = self.env["cnas.decision_amed"]
        ailleurs = Decision._nni_ailleurs([(li["valeurs"]["nni"], li["cle"]) for li in eligibles])
        cles, numeros = {}, {}
        for ligne in eligibles:
            personne = ligne["valeurs"].get("assure_id") or ligne["valeurs"]["nni"]
            if personne:
                numeros.setdefault(personne, []).append(ligne["numero"])
            cles.setdefault(ligne["valeurs"].get("assure_id"), set()).add(ligne["cle"])
        raisons = Decision._raisons_de_douter(self.env["cnas.assure"].browse(filter(None, cles)), cles)
        for ligne in eligibles:
            valeurs = ligne["valeurs"]
            autres = [n for n in numeros.get(valeurs.get("assure_id") or valeurs["nni"], ()) if n != ligne["numero"]]
            if autres:
                ligne["doubles"].append(_("La même personne est chef du ménage de la ligne %s.", autres[0]))
            if valeurs.get("assure_id") in raisons:
                ligne["doubles"].append(raisons[valeurs["assure_id"]])
            elif (valeurs["nni"], ligne["cle"]) in ailleurs:
                ligne["doubles"].append(ailleurs[valeurs["nni"], ligne["cle"]])

    @api.model
    def _proposer_ressemblants(self, lignes):
        """Nomme l'assuré qui ressemble au chef d'un ménage sans assuré : proposé, jamais confondu."""
        seules = {}
        for ligne in lignes:
            if ligne["valeurs"]["chef"] and not ligne["valeurs"].get("assure_id"):
                seules.setdefault((cle_phonetique(ligne["valeurs"]["chef"]), ligne["valeurs"]["district_id"]), []).append(ligne)
        if not seules:
            return
        trouves = self.env["cnas.assure"].search([
            ("nom_phonetique", "in", [cle for cle, _district in seules]), ("type_assure", "=", "principal"),
            ("district_id", "in", [district for _cle, district in seules])])
        for assure in trouves:
            for ligne in seules.pop((assure.nom_phonetique, assure.district_id.id), ()):
                ligne["notes"].append(_("Ressemble à %(nom)s (%(matricule)s) : si c'est la même personne, donnez-la comme assuré.",
                                        nom=assure.name, matricule=assure.matricule))

    # ------------------------------------------------------------------ validation
    def _decider(self):
        """Établit les décisions de ces ménages (idempotent : un ménage décidé est passé)."""
        if not self:
            return 0
        self.flush_model(["state"])
        self.env.cr.execute(
            "SELECT id FROM cnas_liste_rsu_ligne WHERE id = ANY(%s) AND state = 'retenue' ORDER BY id FOR UPDATE", (self.ids,))
        lignes = self.browse([rang[0] for rang in self.env.cr.fetchall()]).sudo()
        self.env["cnas.decision_amed"]._etablir([ligne._valeurs_de_la_decision() for ligne in lignes])
        lignes._changer_etat("decidee")
        return len(lignes)

    def _valeurs_de_la_decision(self):
        self.ensure_one()
        return {
            "numero_menage": self.numero_menage, "district_id": self.district_id.id, "village": self.village, "chef": self.chef,
            "nni": self.nni, "score": self.score, "personnes": self.personnes, "assure_id": self.assure_id.id,
            "decision": self._issue(), "reference": self.liste_id.reference, "liste_id": self.liste_id.id,
            "date_decision": self.liste_id.date_assemblee, "date_debut": self.liste_id.date_effet}
