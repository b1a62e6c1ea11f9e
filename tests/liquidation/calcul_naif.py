"""Le second calcul : une feuille après l'autre, une ligne après l'autre, en nombres exacts, sans rien du moteur.

Écrit d'après la définition des règles ; il se lit comme elle. Lent, et c'est voulu.
"""
from collections import namedtuple
from datetime import date, timedelta
from fractions import Fraction

import monde

Resultat = namedtuple("Resultat", "etat lignes codes")


def arrondi(montant):
    """Au franc, demi supérieur."""
    return int((Fraction(montant) * 2 + 1) // 2)


def couvre(debut, fin, quand):
    """La période contient ce jour."""
    return debut <= quand and (fin is None or quand <= fin)


def age(naissance, quand):
    """Années révolues."""
    return max(quand.year - naissance.year - ((quand.month, quand.day) < (naissance.month, naissance.day)), 0)


def anniversaire(depuis, annees):
    """Le jour où les années sont pleines : un 29 février qui n'existe pas, c'est le lendemain du 28."""
    if (depuis.month, depuis.day) == (2, 29):
        return date(depuis.year + annees, 2, 28) + timedelta(days=1)
    return date(depuis.year + annees, depuis.month, depuis.day)


def principal(nom, quand):
    """De qui la personne dépend ce jour-là ; elle-même, si de personne."""
    return next((qui for qui, _lien, debut, fin in monde.liens(nom) if couvre(debut, fin, quand)), nom)


def ouverture(nom):
    """Le jour d'où court l'année : la première couverture, la sienne ou celle du principal qui l'a donnée."""
    couvertures = [(debut, debut) for debut, _fin in monde.periodes(nom)[:1]]
    for qui, _lien, debut, _fin in monde.liens(nom):
        couvertures.append((max(debut, ouverture(qui)), ouverture(qui)))
    return min(couvertures)[1]


def ajouter_mois(quand, mois):
    """Le même jour, des mois plus tard ; le dernier du mois s'il n'existe pas."""
    annee, rang = divmod(quand.year * 12 + quand.month - 1 + mois, 12)
    for recul in range(4):
        try:
            return date(annee, rang + 1, quand.day - recul)
        except ValueError:
            continue
    raise ValueError(quand)


class Calcul:
    """Traite des feuilles (dicts) et garde ce qui a été accepté."""

    def __init__(self):
        self.acceptees = []

    def lot(self, feuilles):
        """Rend {id: Resultat}, dans l'ordre des dates de soins puis des numéros."""
        return {f["id"]: self.feuille(f) for f in sorted(feuilles, key=lambda f: (f["date"], f["numero"]))}

    # ------------------------------------------------------------------ une feuille
    def feuille(self, f):
        """Contrôle et liquide une feuille."""
        self.f, self.codes = f, []
        self.a = monde.ASSURES[f["assure"]]
        self.famille = principal(f["assure"], f["date"])
        self.chef = monde.ASSURES[self.famille]
        self.naissance = f["bebe"][0] if f["bebe"] else self.a["naissance"]
        self.personne = (f["assure"], *f["bebe"][:2]) if f["bebe"] else (f["assure"],)
        self.formation = monde.FORMATIONS[f["formation"]]
        self.lignes = [dict(li, q=li["quantite"], pu=li["prix"], rang=100, limite=None, rejet=False, abattue=False,
                            accord=None, rang_ligne=i) for i, li in enumerate(f["lignes"])]
        self.instance = self.signale = self.visa = False
        self.entete()
        if any(not li["rejet"] for li in self.lignes):
            self.nomenclature()
            self.clinique()
            self.doublons()
            self.ententes()
            self.quantites()
            self.tarif()
            self.liquider()
            self.plafonds()
            if any(not li["rejet"] for li in self.lignes) and self.total() >= monde.SEUIL_MEDICAL:
                self.codes.append("PLF-03")
                self.signale = self.visa = True
        return self.conclure()

    def vives(self):
        """Les lignes encore retenues."""
        return [li for li in self.lignes if not li["rejet"]]

    def total(self):
        """Facturé."""
        return sum(li["quantite"] * li["prix"] for li in self.lignes)

    def rejeter(self, li, code):
        """Une ligne tombe."""
        li["rejet"] = True
        self.codes.append(code)

    def tout_rejeter(self, code):
        """L'en-tête tombe, et toutes les lignes avec."""
        self.codes.append(code)
        for li in self.lignes:
            li["rejet"] = True

    # ------------------------------------------------------------------ les familles de règles
    def entete(self):
        """Recevabilité, droits, prestataire."""
        f = self.f
        if (f["depot"] - f["fin"]).days > (90 if f["mode"] == "tiers_payant" else 60):
            return self.tout_rejeter("REC-07")
        if f["total"] and f["total"] != self.total():
            self.codes.append("REC-10")
            self.instance = True
        if any(lien == "enfant" and couvre(*dates, f["date"]) for _q, lien, *dates in monde.liens(f["assure"])) and age(self.a["naissance"], f["date"]) >= 18:
            return self.tout_rejeter("DRT-05")
        if not any(couvre(*periode, f["date"]) for periode in monde.periodes(self.famille)):
            return self.tout_rejeter("DRT-02")
        carence = monde.REGIMES[self.a["regime"]]["carence_mois"]
        affiliation = self.chef.get("affiliation") or monde.periodes(self.famille)[0][0]
        if carence and f["date"] < ajouter_mois(affiliation, carence) and not f["urgence"] and f["nature"] != "maternite":
            for li in self.lignes:
                self.rejeter(li, "DRT-03")
            return None
        if f["bebe"] and (not f["bebe"][2] or ajouter_mois(self.naissance, monde.AGE_NOUVEAU_NE) <= f["date"]):
            self.codes.append("DRT-08")
            self.instance = True
        if not couvre(*self.formation["convention"], f["date"]):
            if not f["urgence"]:
                return self.tout_rejeter("FOR-01")
        elif "suspension" in self.formation and couvre(*self.formation["suspension"], f["date"]):
            return self.tout_rejeter("FOR-02")
        for li in self.lignes:
            if self.p(li).get("niveau_min", 1) > self.formation["niveau"]:
                self.rejeter(li, "FOR-03")
        for li in self.vives():
            if self.p(li).get("type_soins", "tous") not in ("tous", f["type_soins"]):
                self.rejeter(li, "FOR-04")
        return None

    @staticmethod
    def p(li):
        """La prestation de la ligne."""
        return monde.PRESTATIONS[li["prestation"]]

    def nomenclature(self):
        """Existe, au panier, tarifée, remboursable."""
        quand = self.f["date"]
        for li in self.vives():
            retrait = self.p(li).get("date_retrait")
            if quand > retrait if retrait else not self.p(li).get("active", True):
                self.rejeter(li, "NOM-01")
        for li in self.vives():
            if not any(code in (None, li["prestation"]) and genre in (None, self.p(li)["type"])
                       and categorie in (None, self.p(li)["categorie"]) and couvre(debut, fin, quand)
                       for code, genre, categorie, debut, fin in monde.PANIERS[self.a["regime"]]):
                self.rejeter(li, "NOM-02")
        for li in self.vives():
            li["tarif"], li["taux"] = self.trouver_tarif(li), self.trouver_taux(li)
            if li["tarif"] is None or li["taux"] is None:
                self.codes.append("NOM-03")
                self.instance = True
        for li in self.vives():
            if self.p(li)["type"] == "medicament" and not self.p(li).get("remboursable", True):
                self.rejeter(li, "NOM-04")

    def trouver_tarif(self, li):
        """Niveau exact, sinon tous ; cotation : coefficient × valeur de la lettre."""
        quand, p = self.f["date"], self.p(li)
        if "cotation" in p:
            lettre, coefficient = p["cotation"]
            for valeur, debut, fin in monde.LETTRES[lettre]:
                if couvre(debut, fin, quand):
                    return arrondi(Fraction(coefficient) * valeur)
            return None
        for niveau in (self.formation["niveau"], None):
            for montant, le_niveau, debut, fin in p["tarifs"]:
                if le_niveau == niveau and couvre(debut, fin, quand):
                    return montant
        return None

    def trouver_taux(self, li):
        """Le plus favorable des natures dont le patient relève."""
        natures = {self.f["nature"]}
        if self.f["nature"] != "ordinaire" and age(self.naissance, self.f["date"]) < 5:
            natures.add("enfant")
        return max((t for nature in natures if (t := self.taux_de(nature, self.p(li)["type"])) is not None), default=None)

    def taux_de(self, nature, genre):
        """Du plus précis au plus général : type et nature, nature, type, régime."""
        for precis in ((genre, nature), (None, nature), (genre, None), (None, None)):
            for regime, le_genre, la_nature, taux, debut, fin in monde.TAUX:
                if regime == self.a["regime"] and (le_genre, la_nature) == precis and couvre(debut, fin, self.f["date"]):
                    return Fraction(taux)
        return None

    def clinique(self):
        """Sexe, âge, couples exclusifs, une fois dans la vie."""
        f, quand = self.f, self.f["date"]
        patho = monde.PATHOLOGIES[f["pathologie"]]
        ans = age(self.naissance, quand)
        for li in self.vives():
            if not f["bebe"] and any(reserve and reserve != self.a["genre"] for reserve in (self.p(li).get("sexe"), patho.get("sexe"))):
                self.rejeter(li, "CLI-01")
        for li in self.vives():
            if any(not bornes.get("age_min", 0) <= ans <= bornes.get("age_max", 200) for bornes in (self.p(li), patho)):
                self.rejeter(li, "CLI-02")
        du_jour = [x for x in self.acceptees if x["personne"] == self.personne and x["date"] == quand]
        for li in sorted(self.vives(), key=lambda li: (li["quantite"] * li["prix"], -li["rang_ligne"])):
            rivales = {b if a == li["prestation"] else a for a, b, debut, fin in monde.INCOMPATIBLES
                       if li["prestation"] in (a, b) and couvre(debut, fin, quand)}
            if any(x["prestation"] in rivales for x in [y for y in self.vives() if y is not li] + du_jour):
                self.rejeter(li, "CLI-04")
        vues = set()
        for li in self.vives():
            if self.p(li)["type"] == "medicament":
                if self.p(li)["dci"] in vues:
                    self.codes.append("CLI-05")
                    self.signale = True
                vues.add(self.p(li)["dci"])
        for li in self.vives():
            if self.p(li).get("unique_vie") and any(
                    x["personne"] == self.personne and x["prestation"] == li["prestation"] for x in self.acceptees):
                self.rejeter(li, "CLI-08")

    def doublons(self):
        """Déjà accepté : même jour, même code, même personne."""
        f = self.f

        def semblables(li):
            return [x for x in self.acceptees if x["personne"] == self.personne and x["prestation"] == li["prestation"]
                    and x["date"] == f["date"]]
        for li in self.vives():
            ici = any(x["formation"] == f["formation"] and x["mode"] == f["mode"] for x in semblables(li))
            avant = any(y["prestation"] == li["prestation"] and y["rang_ligne"] < li["rang_ligne"] for y in self.vives())
            if ici or avant:
                self.rejeter(li, "DBL-01")
        for li in self.vives():
            if any(x["formation"] != f["formation"] and x["mode"] == f["mode"] for x in semblables(li)):
                self.codes.append("DBL-02")
                self.signale = True
        for li in self.vives():
            if any(x["mode"] != f["mode"] for x in semblables(li)):
                self.rejeter(li, "DBL-04")
        if f["type_soins"] == "hospitalisation" and self.vives() and any(
                x["personne"] == self.personne and x["type_soins"] == "hospitalisation" and (
                    (x["date"] < f["fin"] and f["date"] < x["fin"]) or (x["date"], x["fin"]) == (f["date"], f["fin"]))
                for x in self.acceptees):
            self.tout_rejeter("DBL-05")
        sejour = f["type_soins"] == "hospitalisation"
        if self.vives() and any(
                x["personne"] == self.personne and (x["type_soins"] == "hospitalisation") != sejour
                and (f["date"] < x["date"] < f["fin"] if sejour else x["date"] < f["date"] < x["fin"])
                for x in self.acceptees):
            self.codes.append("DBL-06")
            self.signale = True

    def ententes(self):
        """Accord donné, en cours, et ce qu'il en reste."""
        f, quand = self.f, self.f["date"]
        pris = {}
        for li in self.vives():
            if not self.p(li).get("entente"):
                continue
            accords = [(rang, e) for rang, e in enumerate(monde.ENTENTES)
                       if e[0] == f["assure"] and e[1] == li["prestation"]]
            if not accords:
                self.rejeter(li, "ENT-01")
                continue
            limite = quand
            if f["urgence"]:
                ouvres = 0
                while ouvres < 3:
                    limite += timedelta(days=1)
                    ouvres += limite.weekday() < 5
            valables = [(r, e) for r, e in accords if e[5] <= limite and (e[6] is None or quand <= e[6])]
            if not valables:
                self.rejeter(li, "ENT-02")
                continue
            li["accord"], e = valables[0]
            if e[2] != f["formation"]:
                li["limite"], li["accord"] = 0, None
                self.abattre(li, "ENT-03")
                continue
            passees = [x for x in self.acceptees if x["accord"] == li["accord"]]
            deja_q, deja_m = pris.get(li["accord"], (sum(x["q"] for x in passees), sum(x["base"] for x in passees)))
            if e[3] and deja_q + li["q"] > e[3]:
                li["q"] = max(e[3] - deja_q, 0)
                self.abattre(li, "ENT-03")
            montant = li["q"] * li["pu"]
            if e[4] and deja_m + montant > e[4]:
                montant = li["limite"] = max(e[4] - deja_m, 0)
                self.abattre(li, "ENT-03")
            pris[li["accord"]] = (deja_q + li["q"], deja_m + montant)

    def abattre(self, li, code):
        """La ligne est réduite."""
        li["abattue"] = True
        self.codes.append(code)

    def journees(self):
        """Toutes lignes comprises, pas plus de journées que de nuits."""
        f = self.f
        if f["type_soins"] != "hospitalisation" or not f["fin_dite"]:
            return
        reste = max((f["fin"] - f["date"]).days, 1)
        for li in self.vives():
            if self.p(li)["categorie"] == "hospitalisation":
                demande = li["q"]
                if demande > reste:
                    li["q"] = reste
                    self.abattre(li, "QTE-08")
                reste = max(reste - demande, 0)

    def quantites(self):
        """Maximum, fréquence, visite de contrôle, journées, nombre de l'année."""
        f, quand = self.f, self.f["date"]
        for li in self.vives():
            maximum = self.p(li).get("quantite_max")
            if maximum and li["q"] > maximum:
                li["q"] = maximum
                self.abattre(li, "QTE-01")
        for li in self.vives():
            delai = self.p(li).get("frequence_min_jours", 0)
            if any(x["personne"] == self.personne and x["prestation"] == li["prestation"]
                   and 0 <= (quand - x["date"]).days < delai for x in self.acceptees):
                self.rejeter(li, "QTE-03")
        for li in self.vives():
            if self.p(li)["categorie"] == "consultation" and any(
                    x["personne"] == self.personne and x["formation"] == f["formation"] and x["categorie"] == "consultation"
                    and x["pathologie"] == f["pathologie"] and 0 < (quand - x["date"]).days <= 30
                    for x in self.acceptees):
                self.rejeter(li, "QTE-04")
        self.journees()
        cpn = sum(1 for x in self.acceptees if x["personne"] == self.personne and x["categorie"] == "cpn"
                  and 0 <= (quand - x["date"]).days < 280)
        for li in self.vives():
            if self.p(li)["categorie"] == "cpn":
                cpn += 1
                if cpn > 8:
                    self.codes.append("QTE-09")
                    self.signale = True
        comptes = {}
        for li in self.vives():
            vises = [n for n, plafond in enumerate(monde.PLAFONDS) if plafond[5] and self.vise(plafond, li)]
            for n in vises:
                comptes.setdefault(n, len(self.prises(monde.PLAFONDS[n])))
            if any(comptes[n] >= monde.PLAFONDS[n][5] for n in vises):
                self.rejeter(li, "QTE-10")
            else:
                for n in vises:
                    comptes[n] += 1

    def tarif(self):
        """Forfait incluant, tarif opposable, prix de référence, actes multiples."""
        f, quand = self.f, self.f["date"]
        for li in list(self.lignes):
            if not li["rejet"] and any(
                    incluse == li["prestation"] and couvre(debut, fin, quand)
                    and any(y["prestation"] == forfait for y in self.vives() if y is not li)
                    for forfait, incluse, debut, fin in monde.FORFAITS):
                self.rejeter(li, "TAR-06")
        for li in self.vives():
            if li["tarif"] is not None and li["pu"] > li["tarif"]:
                li["pu"] = li["tarif"]
                self.abattre(li, "TAR-01")
        for li in self.vives():
            for dci, dosage, forme, montant, debut, fin in monde.PRIX_REFERENCE:
                p = self.p(li)
                if (p.get("dci"), p.get("dosage"), p.get("forme")) == (dci, dosage, forme) \
                        and couvre(debut, fin, quand) and li["pu"] > montant:
                    li["pu"] = montant
                    self.abattre(li, "TAR-04")
        techniques = [li for li in self.vives() if self.p(li).get("technique")]
        techniques.sort(key=lambda li: (-Fraction(self.p(li)["cotation"][1]), -(li["tarif"] or 0), li["rang_ligne"]))
        deja = sum(1 for x in self.acceptees if x["personne"] == self.personne and x["date"] == quand
                   and x["formation"] == f["formation"] and x["technique"])
        for place, li in enumerate(techniques):
            li["rang"] = (100, 50)[place + deja] if place + deja < 2 else 0
            if li["rang"] < 100:
                self.abattre(li, "TAR-03")

    def liquider(self):
        """Base et part, avant plafonds."""
        for li in self.vives():
            li["attente"] = li["tarif"] is None or li["taux"] is None
            if li["attente"]:
                li["base"] = li["part"] = 0
                continue
            li["base"] = arrondi(Fraction(li["pu"] * li["q"] * li["rang"], 100))
            if li["limite"] is not None:
                li["base"] = min(li["base"], li["limite"])
            li["part"] = arrondi(li["base"] * li["taux"] / 100)

    # ------------------------------------------------------------------ plafonds
    def hors(self, li):
        """La prestation échappe aux plafonds, selon l'âge et le lieu."""
        qui = "adulte" if age(self.naissance, self.f["date"]) >= monde.ADULTE else "enfant"
        return self.p(li).get(f"hors_plafond_{qui}", "non") in ("toujours", self.f["type_soins"])

    def vise(self, plafond, li):
        """Le plafond vaut pour cette feuille et cette ligne."""
        regime, _portee, soins, categorie, _m, _n, _f, debut, fin = plafond
        return (regime == self.a["regime"] and soins in ("tous", self.f["type_soins"]) and not self.hors(li)
                and categorie in (None, self.p(li)["categorie"]) and couvre(debut, fin, self.f["date"]))

    def maximum(self, plafond):
        """Le montant maximal, majoré des membres de la famille au-delà du seuil."""
        regime, portee, soins, _c, montant, *_reste = plafond
        if portee != "famille" or (regime, soins) not in monde.MAJORATIONS:
            return montant
        seuil, par_membre, au_plus = monde.MAJORATIONS[regime, soins]
        membres = sum(principal(nom, self.f["date"]) == self.famille for nom in monde.ASSURES)
        supplement = par_membre * max(membres - seuil, 0)
        return montant + (min(supplement, au_plus) if au_plus else supplement)

    def prises(self, plafond):
        """Ce que l'année de droits a déjà pris, quelle que soit la date du plafond."""
        _regime, portee, soins, categorie, *_reste = plafond
        if portee == "feuille":
            return []
        depuis = ouverture(self.famille if portee == "famille" else self.f["assure"])
        annees = age(depuis, self.f["date"])
        debut, fin = anniversaire(depuis, annees), anniversaire(depuis, annees + 1)
        return [x for x in self.acceptees
                if (x["famille"] == self.famille if portee == "famille" else x["personne"] == self.personne)
                and debut <= x["date"] < fin and not x["hors"] and soins in ("tous", x["type_soins"])
                and categorie in (None, x["categorie"])]

    def plafonds(self):
        """Ligne à ligne : part = min(part, reste de l'année, reste de la feuille), franchise d'abord."""
        niveaux = (("PLF-01", ("beneficiaire", "famille")), ("PLF-02", ("feuille",)))
        suivi = {p: [sum(x["part"] for x in self.prises(p)), sum(x["franchise"] for x in self.prises(p))]
                 for p in monde.PLAFONDS if p[4] or p[6]}
        codes = {code: [] for code, _portees in niveaux}
        for li in self.vives():
            li["franchise"] = 0
            if li["attente"]:
                continue
            retenues = {}
            for code, portees in niveaux:
                vises = [p for p in suivi if p[1] in portees and self.vise(p, li)]
                retenue = max(0, min(li["part"], max([p[6] - suivi[p][1] for p in vises] + [0])))
                if retenue:
                    li["part"] -= retenue
                    codes[code].append(li)
                reste = min([max(self.maximum(p) - suivi[p][0], 0) for p in vises if p[4]] or [li["part"]])
                if li["part"] > reste:
                    li["part"] = reste
                    codes[code].append(li)
                retenues.update(dict.fromkeys(vises, retenue))
                if code == "PLF-01":
                    li["franchise"] = retenue
            for p, retenue in retenues.items():
                suivi[p][0] += li["part"]
                suivi[p][1] += retenue
        for code, lignes in codes.items():
            for li in lignes:
                self.abattre(li, code)

    # ------------------------------------------------------------------ conclusion
    def conclure(self):
        """Montants définitifs et état."""
        rendu = []
        for li in self.lignes:
            facture = li["quantite"] * li["prix"]
            if li["rejet"]:
                rendu.append(("rejetee", 0, 0, 0, 0, 0, facture))
            else:
                decision = "attente" if li["attente"] else "abattue" if li["abattue"] else "acceptee"
                rendu.append((decision, li["q"], li["base"], li["part"], li["base"] - li["part"], facture - li["base"], 0))
        if not self.vives():
            etat = "rejetee"
        elif self.instance or any(li["attente"] for li in self.vives()):
            etat = "instance"
        elif self.visa:
            etat = "avis_medical"
        else:
            etat = "controle" if self.signale else "validee"
        if etat not in ("rejetee", "instance"):
            for li in self.vives():
                self.acceptees.append({
                    **{n: self.f[n] for n in ("assure", "formation", "date", "fin", "mode", "type_soins", "pathologie")},
                    **{n: li[n] for n in ("prestation", "q", "base", "part", "franchise", "accord")}, "hors": self.hors(li),
                    "famille": self.famille, "personne": self.personne, "categorie": self.p(li)["categorie"],
                    "technique": self.p(li).get("technique", False)})
        return Resultat(etat, rendu, sorted(self.codes))
