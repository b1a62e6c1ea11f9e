"""Le contrôle à blanc d'un import : former les ménages, reconnaître ceux qu'on connaît, proposer ce qui ressemble."""
import hashlib
import json
from collections import defaultdict
from difflib import SequenceMatcher

from psycopg2.extras import execute_values

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_debut
from odoo.addons.cnas_base.lecture import lire_date, sans_accent

from ..phonetique import cle_phonetique, mots, ressemblance
from .import_assures_ligne import IDENTITE_LUE

PAGE = 2000
CANDIDATS_MONTRES = 3
NOM_PROCHE, MOT_CORRIGE, NOM_DU_CHEF = 0.85, 0.8, 0.6
COMPLETABLES = ("nom_pere", "nom_mere", "nom_ar", "prenom_ar", "nni", "telephone_1", "telephone_2", "localite", "district_id")
COLONNES_FICHE = ("id", "nom", "prenom", "genre", "date_naissance", "date_naissance_estimee", "nom_mere", "nom_pere", "nom_ar",
                  "prenom_ar", "nni", "telephone_1", "telephone_2", "localite", "district_id", "famille_id", "name", "matricule")

# Les chefs connus pour un numéro et un district, et le titre de la liste qui les a donnés : un contrôle à blanc ne prouve rien.
SQL_MENAGES = """
SELECT DISTINCT l.menage_lieu, COALESCE(l.village, ''), i.name, f.famille_id
  FROM cnas_import_assures_ligne l
  JOIN cnas_import_assures i ON i.id = l.import_id
  JOIN cnas_assure a ON a.id = l.assure_id
  JOIN cnas_assure f ON f.id = COALESCE(a.fusionne_dans_id, a.id)
 WHERE l.menage_lieu = ANY(%s) AND l.import_id <> %s AND i.state IN ('en_cours', 'termine') AND l.donnees->>'lien' = ''
 ORDER BY f.famille_id
"""
SQL_CLES = """
SELECT l.cle, i.name, COALESCE(l.village, ''), COALESCE(a.fusionne_dans_id, a.id)
  FROM cnas_import_assures_ligne l
  JOIN cnas_import_assures i ON i.id = l.import_id
  JOIN cnas_assure a ON a.id = l.assure_id
 WHERE l.cle = ANY(%s) AND l.import_id <> %s AND i.state IN ('en_cours', 'termine')
   AND l.state IN ('creee', 'rapprochee', 'deja')
 ORDER BY l.id
"""
# Mêmes homonymes que `SQL_PAIRES`, pour des personnes qui ne sont pas encore créées.
SQL_RESSEMBLANCES = """
SELECT v.rang, c.id
  FROM (VALUES %s) AS v(rang, cle, naissance, genre)
  JOIN LATERAL (
       SELECT c.id FROM cnas_assure c
        WHERE c.nom_phonetique = v.cle AND c.active AND c.genre = v.genre
          AND c.date_naissance BETWEEN v.naissance::date - 800 AND v.naissance::date + 800
        ORDER BY abs(c.date_naissance - v.naissance::date), c.id LIMIT 20) c ON TRUE
 ORDER BY v.rang, c.id
"""
SQL_TELEPHONES = """
SELECT telephone_1, array_agg(DISTINCT famille_id) FROM cnas_assure
 WHERE telephone_1 = ANY(%s) AND active GROUP BY telephone_1
"""


class ImportAssuresRapprochement(models.Model):
    """Juger les lignes d'un fichier : un ménage se reconnaît par sa liste, son lieu et son numéro, jamais par le numéro seul."""

    _inherit = "cnas.import_assures.ligne"

    @api.model
    def _juger(self, import_, rangs):
        """Juge toutes les lignes d'un fichier et les enregistre, chefs de ménage d'abord.

        :param import_: l'import
        :param rangs: lignes rendues par `lire_tableau`
        """
        self.env["cnas.assure"].flush_model()
        self.flush_model()
        self.env["cnas.import_assures"].flush_model()
        districts = self.env["cnas.district"]._par_nom()
        lignes = [self._lire_ligne(import_, rang, districts) for rang in rangs]
        groupes = self._former_menages(import_, lignes)
        self._verifier_repetitions(lignes)
        self._reconnaitre_numeros(lignes)
        self._reconnaitre_cles(import_, lignes)
        self._reconnaitre_menages(import_, groupes)
        self._verifier_nni(lignes)
        self._proposer_ressemblances(lignes)
        self._repondre(import_, lignes)
        self._verifier_chefs(groupes)
        self._signaler_telephones(lignes)
        self._ecarter_corrections_demandees(lignes)
        self._enregistrer(import_, lignes)

    # ------------------------------------------------------------------ ménages du fichier
    @api.model
    def _former_menages(self, import_, lignes):
        """Réunit les lignes d'un même numéro et d'un même lieu ; le lieu s'écrit sur une ligne et vaut pour toutes."""
        groupes, par_numero, precedent = [], defaultdict(list), None
        for ligne in lignes:
            if not ligne["menage"] and ligne["lien"] != "" and precedent:
                groupe = precedent  # le numéro n'est écrit que devant le chef
            else:
                groupe = self._menage_de(ligne, par_numero, groupes)
            groupe["lignes"].append(ligne)
            ligne["groupe"], ligne["menage"], precedent = groupe, groupe["affiche"], groupe
            groupe["district_id"] = groupe["district_id"] or ligne["donnees"]["district_id"]
            groupe["village"] = groupe["village"] or ligne["donnees"]["localite"] or ""
        for groupe in groupes:
            self._situer_menage(import_, groupe)
        return groupes

    @api.model
    def _menage_de(self, ligne, par_numero, groupes):
        """Rend le ménage de cette ligne : même numéro, et un lieu qui ne le contredit pas ; sinon un nouveau."""
        numero = sans_accent(ligne["menage"])
        donnees = ligne["donnees"]
        for groupe in reversed(par_numero[numero] if numero else ()):
            if all(not a or not b or a == b for a, b in (
                    (groupe["district_id"], donnees["district_id"]),
                    (sans_accent(groupe["village"]), sans_accent(donnees["localite"] or "")))):
                return groupe
        groupe = {"numero": numero, "affiche": ligne["menage"], "district_id": False, "village": "", "lignes": [],
                  "chef": None, "connu": None}
        groupes.append(groupe)
        par_numero[numero].append(groupe)
        return groupe

    @api.model
    def _situer_menage(self, import_, groupe):
        """Fixe le lieu du ménage, son chef, et la clé de chacune de ses lignes."""
        groupe["district_id"] = groupe["district_id"] or import_.district_id.id
        village = groupe["village"] or import_.lieu or ""
        groupe["village"] = sans_accent(village)
        groupe["menage_lieu"] = f"{groupe['numero']}|{groupe['district_id'] or ''}" if groupe["numero"] else None
        groupe["cle"] = f"{groupe['menage_lieu']}|{groupe['village']}" if groupe["numero"] else f"#{groupe['lignes'][0]['numero']}"
        self._trouver_chef(groupe)
        for ligne in groupe["lignes"]:
            donnees = ligne["donnees"]
            donnees["district_id"] = donnees["district_id"] or groupe["district_id"] or False
            donnees["localite"] = donnees["localite"] or village or False
            empreinte = "|".join(sans_accent(str(v or "")) for v in (
                groupe["numero"], groupe["district_id"], groupe["village"], donnees["nom"], donnees["prenom"],
                donnees["date_naissance"], donnees["genre"], donnees["nom_mere"]))
            ligne["cle"] = hashlib.sha256(empreinte.encode()).hexdigest()[:40]

    @api.model
    def _trouver_chef(self, groupe):
        """Dit qui est le chef ; un lien vide ou non lu n'en fait jamais un second."""
        dits = [li for li in groupe["lignes"] if li["lien"] == "" and li["lien_donne"]]
        muets = [li for li in groupe["lignes"] if not li["lien_donne"]]
        if len(dits) > 1 and len({self._personne(li) for li in dits}) > 1:
            for ligne in groupe["lignes"]:
                ligne["erreurs"].append(_("Plusieurs chefs dans le ménage %(menage)s (lignes %(lignes)s).",
                                          menage=groupe["affiche"], lignes=", ".join(str(li["numero"]) for li in dits)))
        groupe["chef"] = (dits or muets or [None])[0]
        for ligne in muets:
            if ligne is not groupe["chef"]:
                ligne["lien"] = None
                ligne["erreurs"].append(_("Lien manquant : dites ce que cette personne est pour le chef, ligne %s.",
                                          groupe["chef"]["numero"]))

    @api.model
    def _personne(self, ligne):
        """Rend ce qui fait d'une ligne la même personne qu'une autre : noms, naissance, genre."""
        donnees = ligne["donnees"]
        return (*sorted(sans_accent(f"{donnees['nom']} {donnees['prenom']}").split()), donnees["date_naissance"], donnees["genre"])

    @api.model
    def _verifier_repetitions(self, lignes):
        """Refuse la répétition d'une ligne ; un même nom et une même naissance dans deux ménages se décident."""
        vues, personnes = {}, {}
        for ligne in lignes:
            premiere = vues.setdefault(ligne["cle"], ligne["numero"])
            if premiere != ligne["numero"]:
                ligne["erreurs"].append(_("Répète la ligne %s.", premiere))
            elif ligne["donnees"]["date_naissance"]:
                autre = personnes.setdefault(self._personne(ligne), ligne)
                if autre is not ligne and self.env["cnas.assure"]._est_double(self._saisie(ligne), self._saisie(autre)):
                    ligne["jumelle"] = autre

    @api.model
    def _verifier_nni(self, lignes):
        """Refuse un NNI déjà pris, ou deux fois dans le fichier."""
        nnis = [li["donnees"]["nni"] for li in lignes if li["donnees"]["nni"]]
        self.env.cr.execute("SELECT nni, id, name, matricule FROM cnas_assure WHERE active AND nni = ANY(%s)", (nnis,))
        pris, vus = {rang[0]: rang[1:] for rang in self.env.cr.fetchall()}, {}
        for ligne in lignes:
            nni = ligne["donnees"]["nni"]
            if not nni:
                continue
            if defaut := self.env["cnas.assure"]._defaut_de_nni(nni):
                ligne["erreurs"].append(defaut)
            elif nni in pris and pris[nni][0] != ligne["assure_id"]:
                ligne["erreurs"].append(_("Le NNI %(nni)s est déjà celui d'un autre assuré, %(nom)s (%(matricule)s).",
                                          nni=nni, nom=pris[nni][1], matricule=pris[nni][2]))
            elif vus.setdefault(nni, ligne["numero"]) != ligne["numero"]:
                ligne["erreurs"].append(_("Même NNI que la ligne %s.", vus[nni]))

    # ------------------------------------------------------------------ ce que l'on connaît
    @api.model
    def _reconnaitre_numeros(self, lignes):
        """Une ligne du rapport renvoyé porte son matricule, ou celui que l'agent a répondu."""
        dits = {li["matricule_repondu"] or li["matricule"] for li in lignes} - {""}
        if not dits:
            return
        trouves = self.env["cnas.assure"].sudo()._resoudre_matricules(list(dits))
        fiches = self._fiches("id", list(filter(None, trouves.values())))
        for ligne in lignes:
            dit = ligne["matricule_repondu"] or ligne["matricule"]
            fiche = dit and fiches.get(trouves.get(dit))
            if not dit or ligne["erreurs"]:
                continue
            if fiche and self._se_ressemblent(ligne, fiche):
                self._reconnaitre(ligne, fiche)
            elif fiche and ligne["matricule_repondu"] and ligne["lien"]:
                ligne["principal_id"] = fiche["famille_id"]
            else:
                ligne["erreurs"].append(
                    _("Le matricule %(matricule)s est celui de %(nom)s.", matricule=dit, nom=fiche["name"]) if fiche
                    else _("Réponse illisible : « %s ». Écrivez autre, même, ou un matricule.", dit))

    @api.model
    def _reconnaitre_cles(self, import_, lignes):
        """Une ligne déjà importée, de la même liste ou du même village, est déjà connue."""
        cles = [li["cle"] for li in lignes]
        self.env.cr.execute(SQL_CLES, (cles, import_.id or 0))
        connues = defaultdict(list)
        for cle, titre, village, assure in self.env.cr.fetchall():
            connues[cle].append((self._titre(titre), village, assure))
        titre = self._titre(import_.name)
        for ligne in lignes:
            if ligne["assure_id"] or ligne["erreurs"]:
                continue
            for ancien, village, assure in connues.get(ligne["cle"], ()):
                if ancien == titre or village:
                    ligne["assure_id"] = assure
                    ligne["notes"].insert(0, _("Déjà importée."))
                    break

    @api.model
    def _titre(self, nom):
        return sans_accent(nom or "")

    @api.model
    def _reconnaitre_menages(self, import_, groupes):
        """Rattache les ménages du fichier à ceux qu'une liste a déjà donnés, et leurs membres à leur famille."""
        connus = self._menages_connus(import_, groupes)
        for groupe in groupes:
            groupe["candidats"] = connus.get(groupe["menage_lieu"], []) if groupe["numero"] else []
        reconnus = {li["assure_id"] for groupe in groupes for li in groupe["lignes"] if li["assure_id"]}
        familles_des_reconnus = {f["id"]: f["famille_id"] for f in self._fiches("id", list(reconnus)).values()}
        voulues = {c["chef"] for groupe in groupes for c in groupe["candidats"]} | set(familles_des_reconnus.values())
        familles = defaultdict(list)
        for fiche in self._fiches("famille_id", list(voulues)).values():
            familles[fiche["famille_id"]].append(fiche)
        for groupe in groupes:
            chef = groupe["chef"]
            # Une ligne reconnue dit la famille de tout le ménage.
            if chef and chef["assure_id"]:
                groupe["connu"] = familles_des_reconnus.get(chef["assure_id"])
            elif not chef and any(li["assure_id"] for li in groupe["lignes"]):
                groupe["connu"] = familles_des_reconnus.get(next(li["assure_id"] for li in groupe["lignes"] if li["assure_id"]))
            elif groupe["candidats"]:
                self._choisir_menage(self._titre(import_.name), groupe, familles)
            if groupe["connu"]:
                self._apparier(groupe, familles[groupe["connu"]])

    @api.model
    def _menages_connus(self, import_, groupes):
        """Rend {numéro et district: [{"village", "titre", "chef"}]}, en une requête."""
        lieux = list({g["menage_lieu"] for g in groupes if g["menage_lieu"]})
        self.env.cr.execute(SQL_MENAGES, (lieux, import_.id or 0))
        connus = defaultdict(list)
        for lieu, village, titre, chef in self.env.cr.fetchall():
            connus[lieu].append({"village": village, "titre": self._titre(titre), "chef": chef})
        return connus

    @api.model
    def _fiches(self, colonne, ids):
        """Rend {id: fiche} des personnes actives choisies par `id` ou `famille_id`, en une requête."""
        if not ids:
            return {}
        self.env.cr.execute(
            f"SELECT {', '.join(COLONNES_FICHE)} FROM cnas_assure WHERE active AND {colonne} = ANY(%s) ORDER BY id", (ids,))
        return {rang[0]: dict(zip(COLONNES_FICHE, rang)) for rang in self.env.cr.fetchall()}

    def _fiches_des_candidats(self):
        """Rend {candidat: sa fiche} des personnes à qui ces lignes ressemblent ; un dossier fusionné rend celui qui l'a absorbé.

        :raise UserError: dossier archivé depuis le contrôle
        """
        candidats = self.filtered(lambda li: not li.propose_menage).candidat_id
        candidats.flush_model()
        vivants = {candidat: candidat.fusionne_dans_id or candidat for candidat in candidats}
        fiches = self._fiches("id", [vivant.id for vivant in vivants.values()])
        for vivant in vivants.values():
            if vivant.id not in fiches:
                raise UserError(_("Le dossier de %s est archivé : remettez-le en liste, ou répondez que c'est une autre personne.",
                                  vivant.name))
        return {candidat: fiches[vivant.id] for candidat, vivant in vivants.items()}

    @api.model
    def _choisir_menage(self, titre, groupe, familles):
        """Dit si ce ménage est l'un des connus de même numéro et de même lieu, ou pose la question."""
        village = groupe["village"]
        possibles = [c for c in groupe["candidats"] if not c["village"] or not village or c["village"] == village]
        surs = {c["chef"] for c in possibles if c["titre"] == titre or (village and c["village"] == village)}
        tous = list(dict.fromkeys(c["chef"] for c in possibles))
        chef = groupe["chef"]
        if not chef:
            if len(surs) == 1:
                groupe["connu"] = next(iter(surs))
            elif tous:
                self._demander_menage(groupe, tous, familles)
            return
        tetes = {famille: next((f for f in familles[famille] if f["id"] == famille), None) for famille in tous}
        ressemblants = [famille for famille, tete in tetes.items() if tete and self._se_ressemblent(chef, tete)]
        communs = [famille for famille in tous if self._membres_communs(groupe, familles[famille])]
        for famille in ressemblants:
            if famille in surs or famille in communs:
                groupe["connu"] = famille
                return
        du_titre = [c["chef"] for c in possibles if c["titre"] == titre]
        doute = [*ressemblants, *du_titre, *(f for f in communs if f in surs)]
        tete = doute and tetes[doute[0]]
        if tete and not chef["erreurs"]:
            chef.update(candidat_id=tete["id"], candidats=[tete["id"]], a_decider=_(
                "Le ménage %(menage)s de ce lieu a déjà pour chef %(chef)s : est-ce la même personne ?",
                menage=groupe["affiche"], chef=self._nommer(tete)))

    @api.model
    def _membres_communs(self, groupe, famille):
        """Dit si un membre du ménage, autre que son chef, ressemble à un membre de cette famille."""
        return any(self._se_ressemblent(ligne, fiche) for ligne in groupe["lignes"] if ligne is not groupe["chef"]
                   for fiche in famille if fiche["id"] != fiche["famille_id"])

    @api.model
    def _demander_menage(self, groupe, chefs, familles):
        """Nomme les chefs connus de ce numéro : à l'agent de dire si ces personnes sont de leur ménage."""
        fiches = [f for chef in chefs for f in familles[chef] if f["id"] == chef]
        for ligne in groupe["lignes"]:
            if fiches and not ligne["assure_id"] and not ligne["principal_id"]:
                chefs = ecrire_debut([self._nommer(f) for f in fiches], CANDIDATS_MONTRES, _(" ou "))
                ligne.update(candidat_id=fiches[0]["id"], propose_menage=True, a_decider=_(
                    "Le ménage %(menage)s est peut-être celui de %(chefs)s, déjà importé : est-ce le même ménage ?",
                    menage=groupe["affiche"], chefs=chefs))

    # ------------------------------------------------------------------ personnes d'un ménage connu
    @api.model
    def _apparier(self, groupe, famille):
        """Reconnaît dans sa famille chaque ligne d'un ménage connu ; les autres s'y ajoutent."""
        libres = {f["id"]: f for f in famille}
        restent = []
        for ligne in groupe["lignes"]:
            ligne["principal_id"] = groupe["connu"] if ligne["lien"] else None
            if ligne["assure_id"]:
                libres.pop(ligne["assure_id"], None)
            elif not ligne["erreurs"] and ligne["reponse"] != "autre":
                restent.append(ligne)
        for passe in (self._identiques, self._chef_du_menage, self._corrigee, self._naissance_corrigee):
            for ligne in list(restent):
                fiche = next((f for f in libres.values() if passe(ligne, f)), None)
                if fiche:
                    self._reconnaitre(ligne, libres.pop(fiche["id"]))
                    restent.remove(ligne)
        for ligne in restent:
            self._demander_personne(ligne, libres)
            if ligne["lien"] and not ligne["candidat_id"]:
                tete = next((f for f in famille if f["id"] == groupe["connu"]), None)
                ligne["notes"].append(_("Rejoint le ménage de %s.", self._nommer(tete)) if tete else "")

    @api.model
    def _demander_personne(self, ligne, libres):
        """Une ressemblance douteuse dans la famille se propose, elle ne se confond pas."""
        fiche = next((f for f in libres.values() if self._douteuse(ligne, f)), None)
        if fiche:
            ligne.update(candidat_id=fiche["id"], candidats=[fiche["id"]], a_decider=_(
                "Ressemble à %s, de la même famille : est-ce la même personne ?", self._nommer(fiche)))

    @api.model
    def _saisie(self, ligne):
        """Rend la ligne sous la forme que compare `cnas.assure` (une fois)."""
        if "saisie" not in ligne:
            ligne["saisie"] = self.env["cnas.assure"]._normaliser_saisie(ligne["donnees"])
        return ligne["saisie"]

    @api.model
    def _saisie_fiche(self, fiche):
        if "saisie" not in fiche:
            fiche["saisie"] = self.env["cnas.assure"]._normaliser_saisie(fiche)
        return fiche["saisie"]

    @api.model
    def _identiques(self, ligne, fiche):
        return self.env["cnas.assure"]._est_double(self._saisie(ligne), self._saisie_fiche(fiche))

    @api.model
    def _chef_du_menage(self, ligne, fiche):
        """Le chef d'un ménage connu, à une correction près : un ménage n'en a qu'un."""
        return (ligne["lien"] == "" and fiche["id"] == fiche["famille_id"] and self._se_ressemblent(ligne, fiche))

    @api.model
    def _corrigee(self, ligne, fiche):
        """Même naissance, même genre, un nom à une lettre près : « Naomi » devenue « Naomie »."""
        a, b = self._saisie(ligne), self._saisie_fiche(fiche)
        return (a["date_naissance"] == b["date_naissance"] and a["genre"] == b["genre"]
                and self._meme_a_une_lettre(a["nom_complet"], b["nom_complet"]))

    @api.model
    def _meme_a_une_lettre(self, un, deux):
        restes = [sorted(set(mots(x)) - set(mots(y))) for x, y in ((un, deux), (deux, un))]
        return len(restes[0]) == len(restes[1]) and all(
            SequenceMatcher(None, x, y).ratio() >= MOT_CORRIGE for x, y in zip(*restes))

    @api.model
    def _naissance_corrigee(self, ligne, fiche):
        """Même nom, même genre, une naissance à un élément près ou jusqu'ici estimée."""
        a, b = self._saisie(ligne), self._saisie_fiche(fiche)
        return (a["genre"] == b["genre"] and set(mots(a["nom_complet"])) == set(mots(b["nom_complet"]))
                and self.env["cnas.assure"]._indice_naissance(a, b)[0] > 5)

    @api.model
    def _douteuse(self, ligne, fiche):
        a, b = self._saisie(ligne), self._saisie_fiche(fiche)
        if a["genre"] != b["genre"]:
            return False
        proche = ressemblance(a["nom_complet"], b["nom_complet"])
        return proche >= NOM_PROCHE and (proche > 0.99 or self.env["cnas.assure"]._indice_naissance(a, b)[0] > 5)

    @api.model
    def _se_ressemblent(self, ligne, fiche):
        """Dit si la ligne peut être cette personne : nom très proche, ou nom voisin et même naissance."""
        a, b = self._saisie(ligne), self._saisie_fiche(fiche)
        proche = ressemblance(a["nom_complet"], b["nom_complet"])
        meme_jour = a["date_naissance"] and a["date_naissance"] == b["date_naissance"]
        return a["genre"] == b["genre"] and (proche >= NOM_PROCHE or (proche >= NOM_DU_CHEF and meme_jour))

    @api.model
    def _reconnaitre(self, ligne, fiche):
        """Note que la ligne est cette personne, et ce qui diffère."""
        ligne["assure_id"] = fiche["id"]
        ligne["changements"] = self._ce_qui_differe(ligne["donnees"], fiche)
        ligne["notes"].insert(0, self._phrase_changements(ligne["changements"]) or _("Déjà connue : %s.", fiche["matricule"]))

    @api.model
    def _ce_qui_differe(self, donnees, fiche):
        """Rend {"corrections": identité à corriger, "complements": champs vides à remplir}, ou None."""
        corrections = {c: donnees[c] for c in IDENTITE_LUE if donnees.get(c) and fiche[c] and self._different(donnees[c], fiche[c])}
        noms = [sorted(mots(v["nom"], v["prenom"])) for v in (donnees, fiche)]
        if noms[0] == noms[1]:
            corrections.pop("nom", None)
            corrections.pop("prenom", None)
        elif donnees["prenom"] and not fiche["prenom"]:
            corrections["prenom"] = donnees["prenom"]
        if donnees.get("date_naissance_estimee") and fiche["date_naissance"]:
            corrections.pop("date_naissance", None)  # une année seule n'apprend rien
        elif "date_naissance" in corrections and fiche["date_naissance_estimee"]:
            corrections["date_naissance_estimee"] = False
        complements = {c: donnees[c] for c in COMPLETABLES if donnees.get(c) and not fiche[c]}
        if complements.get("telephone_1") or donnees.get("telephone_1") != fiche["telephone_1"]:
            complements.pop("telephone_2", None)
        return {"corrections": corrections, "complements": complements} if corrections or complements else None

    @api.model
    def _different(self, lu, connu):
        return sans_accent(str(lu)) != sans_accent(str(connu))

    @api.model
    def _phrase_changements(self, changements):
        """Rend ce qui sera demandé ou complété, en clair."""
        if not changements:
            return ""
        champs = self.env["cnas.assure"]._fields

        def liste(valeurs):
            return ", ".join(
                f"{champs[c]._description_string(self.env)}" + (f" « {self._en_clair(c, v)} »" if c != "district_id" else "")
                for c, v in valeurs.items() if c != "date_naissance_estimee")

        corrections, complements = changements["corrections"], changements["complements"]
        return " ".join(filter(None, (
            corrections and _("Correction à demander : %s.", liste(corrections)),
            complements and _("À compléter : %s.", liste(complements)))))

    @api.model
    def _en_clair(self, champ, valeur):
        return ecrire_date(lire_date(valeur)) if champ == "date_naissance" else valeur

    @api.model
    def _nommer(self, fiche):
        """Rend « Nom (matricule, lieu, né le …) », de quoi la reconnaître."""
        district = self.env["cnas.district"].browse(fiche["district_id"] or []).name
        lieu = ", ".join(filter(None, (district, fiche["localite"])))
        return f"{fiche['name']} ({', '.join(filter(None, (fiche['matricule'], lieu, ecrire_date(fiche['date_naissance'], ''))))})"

    # ------------------------------------------------------------------ ressemblances au-dehors
    @api.model
    def _proposer_ressemblances(self, lignes):
        """Cherche, parmi toutes les personnes connues, celles à qui les lignes nouvelles ressemblent."""
        pris = {li["assure_id"] for li in lignes}
        nouvelles = [li for li in lignes if not li["assure_id"] and not li["erreurs"] and not li["a_decider"]]
        candidats = self._candidats(nouvelles)
        fiches = self._fiches("id", list({i for ids in candidats.values() for i in ids} - pris))
        seuil = self.env["cnas.parametre"]._au("seuil_doublon")
        for rang, ligne in enumerate(nouvelles):
            self._comparer_ligne(ligne, [fiches[i] for i in candidats.get(rang, ()) if i in fiches], seuil)
            jumelle = ligne.get("jumelle")
            if jumelle and not ligne["a_decider"] and not ligne["reponse"] and not jumelle["erreurs"]:
                ligne.update(en_attente=True, a_decider=_(
                    "Même nom et même naissance que la ligne %s : est-ce la même personne ?", jumelle["numero"]))

    @api.model
    def _candidats(self, nouvelles):
        """Rend {rang: ids} des homonymes de naissance proche, une requête par page."""
        candidats = defaultdict(list)
        for debut in range(0, len(nouvelles), PAGE):
            page = [(debut + rang, cle_phonetique(li["nom_complet"]), li["donnees"]["date_naissance"], li["donnees"]["genre"])
                    for rang, li in enumerate(nouvelles[debut:debut + PAGE])]
            for rang, assure in execute_values(self.env.cr._obj, SQL_RESSEMBLANCES, page, page_size=PAGE, fetch=True):
                candidats[rang].append(assure)
        return candidats

    @api.model
    def _comparer_ligne(self, ligne, fiches, seuil):
        """Pose la question pour un double exact, ou une personne proche du même district ; sinon le note."""
        Assure, saisie = self.env["cnas.assure"], self._saisie(ligne)
        notes = []
        for fiche in fiches:
            connue = self._saisie_fiche(fiche)
            exact, (score, _raisons) = Assure._est_double(saisie, connue), Assure._noter(saisie, connue)
            if exact or score >= seuil:
                notes.append((exact, score, fiche))
        notes.sort(key=lambda note: (not note[0], -note[1], note[2]["id"]))
        if not notes:
            return
        exact, _score, fiche = notes[0]
        ligne["candidats"] = [f["id"] for _exact, _points, f in notes]
        noms = ecrire_debut([self._nommer(f) for _exact, _points, f in notes], CANDIDATS_MONTRES, _(" ; "))
        ailleurs = bool(fiche["district_id"] and ligne["donnees"]["district_id"]
                        and fiche["district_id"] != ligne["donnees"]["district_id"])
        proche = not ailleurs and (saisie["date_naissance"] == self._saisie_fiche(fiche)["date_naissance"])
        if exact or proche:
            ligne.update(candidat_id=fiche["id"], en_attente=exact and ailleurs, a_decider=(
                _("Une personne de ce nom et de cette naissance existe : %s. Est-ce la même personne ?", noms) if exact
                else _("Ressemble à %s. Est-ce la même personne ?", noms)))
        else:
            ligne["notes"].append(_("Ressemble à %s.", noms))

    @api.model
    def _repondre(self, import_, lignes):
        """Applique la réponse que le rapport renvoyé donne à la question d'une ligne."""
        a_reprendre = [li for li in lignes if li["a_decider"] and li["reponse"]]
        fiches = self._fiches("id", [li["candidat_id"] for li in a_reprendre if li["candidat_id"]])
        for ligne in a_reprendre:
            fiche = fiches.get(ligne["candidat_id"])
            if ligne["propose_menage"] and ligne["reponse"] == "meme" and fiche:
                ligne["principal_id"] = fiche["famille_id"]
            elif ligne["propose_menage"]:
                ligne["erreurs"].append(_("Ajoutez au fichier la ligne du chef de ce ménage."))
            elif ligne["reponse"] == "meme" and fiche:
                self._reconnaitre(ligne, fiche)
            elif ligne["reponse"] == "meme":
                continue
            else:
                ligne["cle"] = f"{ligne['cle'][:20]}-{import_.id}-{ligne['numero']}"
            ligne.update(a_decider="", en_attente=False)

    # ------------------------------------------------------------------ derniers contrôles
    @api.model
    def _verifier_chefs(self, groupes):
        """Refuse l'ayant droit sans chef ; celui dont le chef est refusé ou attend l'attend avec lui."""
        for groupe in groupes:
            chef = groupe["chef"]
            for ligne in groupe["lignes"]:
                if not ligne["lien"] or ligne["assure_id"] or ligne["principal_id"] or ligne["erreurs"]:
                    continue
                if not chef:
                    if not ligne["propose_menage"]:
                        ligne["erreurs"].append(_("Aucun chef de ménage dans le fichier."))
                elif chef["erreurs"]:
                    ligne["erreurs"].append(_("Le chef du ménage est refusé (ligne %s).", chef["numero"]))
                elif chef["a_decider"] and not ligne["a_decider"]:
                    ligne["en_attente"] = chef["en_attente"]
                    ligne["a_decider"] = _("Attend la décision sur le chef du ménage (ligne %s).", chef["numero"])

    @api.model
    def _signaler_telephones(self, lignes):
        """Signale un numéro porté par plus de ménages que le paramètre n'en admet."""
        maximum = self.env["cnas.parametre"]._au("menages_par_telephone")
        menages = defaultdict(set)
        for ligne in lignes:
            if ligne["donnees"]["telephone_1"]:
                groupe = ligne["groupe"]
                menages[ligne["donnees"]["telephone_1"]].add(groupe["connu"] or ("fichier", id(groupe)))
        self.env.cr.execute(SQL_TELEPHONES, (list(menages),))
        for numero, familles in self.env.cr.fetchall():
            menages[numero].update(familles)
        for ligne in lignes:
            numero = ligne["donnees"]["telephone_1"]
            if numero and len(menages[numero]) > maximum:
                ligne["notes"].append(_("Le numéro %(numero)s est celui de %(nombre)s ménages (plus de %(maximum)s) : vérifiez-le.",
                                        numero=numero, nombre=len(menages[numero]), maximum=maximum))

    @api.model
    def _ecarter_corrections_demandees(self, lignes):
        """Ne redemande pas une correction qu'une autre demande, en attente, porte déjà."""
        a_demander = {li["assure_id"]: li for li in lignes if li["changements"] and li["changements"]["corrections"]}
        attendent = self.env["cnas.correction_identite"].sudo().search([
            ("assure_id", "in", list(a_demander)), ("state", "in", ("brouillon", "soumise"))])
        for demande in attendent:
            ligne = a_demander[demande.assure_id.id]
            corrections = ligne["changements"]["corrections"]
            for champ in demande._champs_demandes():
                corrections.pop(champ, None)
            if not corrections:
                ligne["notes"][0] = _("Déjà connue ; une demande de correction attend.")
                if not ligne["changements"]["complements"]:
                    ligne["changements"] = None

    @api.model
    def _enregistrer(self, import_, lignes):
        """Écrit les lignes jugées, chefs d'abord, en une requête par page."""
        lignes = sorted(lignes, key=lambda li: (bool(li["lien"]), li["numero"]))
        maintenant, uid = fields.Datetime.now(), self.env.uid
        rangs = [(
            import_.id, li["numero"], li["menage"], li["groupe"]["cle"], li["groupe"]["menage_lieu"], li["groupe"]["village"],
            li["nom_complet"], json.dumps({**li["donnees"], "candidats": li["candidats"]}), json.dumps(li["brut"]), li["cle"],
            self._etat(li), self._message(li), li["assure_id"], li["candidat_id"], li["principal_id"], li["propose_menage"],
            li["en_attente"], li["reponse"], json.dumps(li["changements"] or {}),
            uid, maintenant, uid, maintenant) for li in lignes]
        execute_values(self.env.cr._obj, """
            INSERT INTO cnas_import_assures_ligne (
                import_id, numero, menage, cle_menage, menage_lieu, village, nom_complet, donnees, brut, cle, state, message,
                assure_id, candidat_id, principal_id, propose_menage, en_attente, reponse, changements, create_uid,
                create_date, write_uid, write_date) VALUES %s""", rangs, page_size=PAGE)
        import_.invalidate_recordset()

    @api.model
    def _etat(self, ligne):
        if ligne["erreurs"]:
            return "erreur"
        if ligne["assure_id"]:
            return "rapprocher" if ligne["changements"] or ligne["reponse"] == "meme" else "deja"
        return "a_decider" if ligne["a_decider"] else "bonne"

    @api.model
    def _message(self, ligne):
        phrases = ligne["erreurs"] or list(filter(None, [ligne["a_decider"] if not ligne["assure_id"] else "", *ligne["notes"]]))
        return " ".join(dict.fromkeys(phrases)) or None
