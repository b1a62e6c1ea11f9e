"""Pose, par SQL, des fraudes connues au milieu de feuilles saines ; dit ce que chaque indicateur doit trouver."""
import random
from collections import defaultdict
from datetime import date, timedelta

from psycopg2.extras import execute_values

from odoo.addons.cnas_formations.rib import composer_rib

FEUILLE = (
    "id", "numero", "reference", "formation_id", "agence_id", "assure_id", "praticien_id", "pathologie_id", "state", "type_soins", "mode", "nature", "etat_droits",
    "completude", "papier", "urgence", "date_soins", "date_fin_soins", "date_depot", "montant_facture", "montant_base", "montant_cnas", "ticket_moderateur",
    "saisie_par_id", "decidee_par_id")
LIGNE = (
    "feuille_id", "sequence", "prestation_id", "quantite", "quantite_retenue", "prix_unitaire", "montant_facture", "tarif", "taux", "montant_base", "montant_cnas",
    "ticket_moderateur", "decision")


class Generateur:
    """Une population saine, reproductible, et une fraude par indicateur.

    `attendus` : {code: [identifiants de la cible]}. `coupables` : feuilles, et cibles, dont une alerte n'est pas fausse.
    """

    def __init__(self, env, fin, feuilles=3000, formations=36, graine=7):
        self.env, self.cr, self.fin = env, env.cr, fin
        self.nombre, self.hasard = feuilles, random.Random(graine)
        self.debut = date(fin.year - 1, fin.month, 1)
        self.jours = [self.debut + timedelta(days=i) for i in range((fin - self.debut).days - 12)]
        self.ouvrables = [j for j in self.jours if j.isoweekday() < 6 and (j.day, j.month) not in ((1, 1), (8, 3), (1, 5), (11, 8), (1, 11), (28, 11), (1, 12), (25, 12))]
        self.lignes, self.feuilles, self.resultats = [], [], []
        self.attendus, self.feuilles_coupables, self.cibles_coupables = defaultdict(list), set(), set()
        self.numero = self.tour = 0
        self._referentiels()
        self.formations = [self._formation() for _i in range(formations)]
        self._menages_de(self.formations)

    # ------------------------------------------------------------------ décor
    def _un(self, requete, *valeurs):
        self.cr.execute(requete, valeurs)
        return self.cr.fetchone()[0]

    def _referentiels(self):
        self.env.flush_all()
        self.cr.execute("SELECT coalesce(max(id), 0) FROM cnas_feuille_soin")
        self.suivante = self.cr.fetchone()[0]
        self.cr.execute("SELECT id, code, type_prestation, coalesce(categorie, '') FROM cnas_prestation WHERE active ORDER BY code")
        tous = self.cr.fetchall()
        self.prestations = {code: identifiant for identifiant, code, _t, _c in tous}
        injections = set(self._liste("SELECT p.id FROM cnas_prestation p LEFT JOIN cnas_medicament m ON m.prestation_id = p.id WHERE COALESCE(p.name->>'fr_FR', p.name->>'en_US') ILIKE '%inject%' OR m.forme ILIKE '%inject%'"))
        antibiotiques = set(self._liste("SELECT prestation_id FROM cnas_medicament WHERE code_atc LIKE 'J01%'"))
        self.medicaments = [i for i, _c, t, _k in tous if t == "medicament" and i not in injections | antibiotiques][:60]
        self.injections, self.antibiotiques = sorted(injections)[:20], sorted(antibiotiques)[:10]
        self.examens = [i for i, _c, t, _k in tous if t == "examen"][:30]
        self.consultation, self.specialiste = self.prestations["ACT0002"], self.prestations["ACT0004"]
        self.prix = {i: 250 * (3 + i % 37) for i, _c, _t, _k in tous}
        self.regime, self.agence = self._un("SELECT min(id) FROM cnas_regime"), self._un("SELECT min(id) FROM cnas_agence")
        self.cr.execute("SELECT DISTINCT ON (province_id) id, province_id FROM cnas_district ORDER BY province_id, id")
        self.districts = self.cr.fetchall()
        self.pathologie = self._un("SELECT id FROM cnas_pathologie WHERE NOT coalesce(ald, false) AND code NOT LIKE 'B5%' ORDER BY code LIMIT 1")
        self.palu, self.palu_grave = (self._un("SELECT id FROM cnas_pathologie WHERE code = %s", code) for code in ("B54", "B50.8"))
        agents = self.env["res.users"].with_context(no_reset_password=True).create([
            {"name": f"Agent {i}", "login": f"zc_agent{i}", "groups_id": [(4, self.env.ref("cnas_base.group_controleur").id)]} for i in range(7)])
        self.saisie, self.decideurs, self.complice = agents[0].id, agents[1:6].ids, agents[6]
        self.agents = agents
        self.env.flush_all()

    def _liste(self, requete):
        self.cr.execute(requete)
        return [rang[0] for rang in self.cr.fetchall()]

    def _formation(self, district=None, province=None):
        """Une formation du type le plus courant, et ses trois praticiens."""
        self.numero += 1
        if not district:
            self.tour += 1
            district, province = self.districts[self.tour % 4]
        formation = self._un("""
            INSERT INTO cnas_formation_sanitaire (code, name, type_formation, niveau, state, district_id, province_id, urbain)
            VALUES (%s, %s, 'centre_sante', 1, 'active', %s, %s, false) RETURNING id""", f"ZC-{self.numero}", f"Formation saine {self.numero}", district, province)
        praticiens = [self._praticien(formation) for _i in range(3)]
        return {"id": formation, "district": district, "province": province, "praticiens": praticiens, "menages": []}

    def _praticien(self, formation=None):
        self.numero += 1
        praticien = self._un("INSERT INTO cnas_praticien (name, numero_ordre, qualification, state) VALUES (%s, %s, 'infirmier', 'actif') RETURNING id",
                             f"Praticien {self.numero}", f"ZC{self.numero:06d}")
        if formation:
            self.cr.execute("INSERT INTO cnas_affectation (praticien_id, formation_id, date_debut) VALUES (%s, %s, '2020-01-01')", [praticien, formation])
        return praticien

    def _menages_de(self, formations):
        """Assez de ménages de quatre pour que nul n'use trop du système."""
        par_formation = max(8, self.nombre // len(formations) // 8)
        for formation in formations:
            formation["menages"] = [self._menage(formation["province"]) for _i in range(par_formation)]

    def _menage(self, province, membres=4, naissance=None, **autres):
        """Un principal et les siens : [identifiants]."""
        ids, colonnes = [], "".join(f", {c}" for c in autres)
        for rang in range(membres):
            self.numero += 1
            jour = date(naissance or self.hasard.randrange(1945, 2024), self.hasard.randrange(1, 13), self.hasard.randrange(1, 28))
            ids.append(self._un(f"""
                INSERT INTO cnas_assure (regime_id, nom, prenom, name, genre, state, type_assure, assure_principal_id, lien, province_id, date_naissance, active{colonnes})
                VALUES (%s, 'SAIN', %s, %s, %s, 'actif', %s, %s, %s, %s, %s, true{', %s' * len(autres)}) RETURNING id""",
                self.regime, str(self.numero), f"SAIN {self.numero}", "feminin" if rang % 2 else "masculin", "ayant_droit" if rang else "principal",
                ids[0] if rang else None, "enfant" if rang else None, province, jour, *autres.values()))
        return ids

    # ------------------------------------------------------------------ feuilles
    def feuille(self, formation, assure, soins, lignes, praticien=None, coupable=True, **autres):
        """Ajoute une feuille : lignes [(prestation, quantité, prix ou None)]. Rend son identifiant."""
        self.suivante += 1
        montants = [(p, q, self.prix[p] if prix is None else prix) for p, q, prix in lignes]
        total = sum(q * prix for _p, q, prix in montants)
        fin = autres.pop("fin", soins)
        # des numéros jamais consécutifs, sauf à le vouloir
        reference = autres.pop("reference", None) or f"Z{formation['id']}-{self.suivante * 3}"
        valeurs = {
            "id": self.suivante, "numero": f"ZC/{self.suivante:08d}", "reference": reference, "formation_id": formation["id"], "agence_id": self.agence, "assure_id": assure,
            "praticien_id": praticien or self.hasard.choice(formation["praticiens"]), "pathologie_id": self.pathologie, "state": "validee", "type_soins": "ambulatoire",
            "mode": "tiers_payant", "nature": "ordinaire", "etat_droits": "ouverts", "completude": "complet", "papier": "numerique", "urgence": False, "date_soins": soins,
            "date_fin_soins": fin, "date_depot": min(fin + timedelta(days=5), self.fin), "montant_facture": total, "montant_base": total, "montant_cnas": total * 80 // 100,
            "ticket_moderateur": total - total * 80 // 100, "saisie_par_id": self.saisie, "decidee_par_id": self.hasard.choice(self.decideurs), **autres}
        self.feuilles.append(tuple(valeurs[c] for c in FEUILLE))
        for rang, (prestation, quantite, prix) in enumerate(montants):
            facture = quantite * prix
            self.lignes.append((self.suivante, rang, prestation, quantite, quantite, prix, facture, self.prix[prestation], 80, facture, facture * 80 // 100,
                                facture - facture * 80 // 100, "acceptee"))
        if coupable:
            self.feuilles_coupables.add(self.suivante)
        return self.suivante

    def panier(self, examen=None):
        """Un panier sain : une consultation, deux à quatre médicaments, parfois un examen, un antibiotique ou une injection."""
        hasard = self.hasard
        lignes = [(self.consultation, 1, None)] + [(m, hasard.randrange(2, 40), None) for m in hasard.sample(self.medicaments, hasard.randrange(2, 5))]
        if hasard.random() < 0.25:
            lignes.append((hasard.choice(self.antibiotiques), hasard.randrange(2, 20), None))
        if hasard.random() < 0.15:
            lignes.append((hasard.choice(self.injections), hasard.randrange(1, 6), None))
        if examen or (examen is None and hasard.random() < 0.3):
            lignes.append((hasard.choice(self.examens), 1, None))
        return lignes

    def _saine(self, formation, assure, jour, **options):
        lignes = options.pop("lignes", None) or self.panier()
        identifiant = self.feuille(formation, assure, jour, lignes, coupable=options.pop("coupable", False), **options)
        if any(p in self.examens for p, _q, _x in lignes):
            self.resultats.append(identifiant)
        return identifiant

    def poser_saines(self):
        """Les feuilles saines, également réparties : jours ouvrables, quelques fins de semaine, paludismes simples et graves dans la proportion."""
        hasard = self.hasard
        par_formation = self.nombre // len(self.formations)
        for formation in self.formations:
            for rang in range(par_formation):
                # chaque mois sa part, chacun son tour dans la famille
                jour = self.ouvrables[(rang * len(self.ouvrables) // par_formation + hasard.randrange(3)) % len(self.ouvrables)]
                if hasard.random() < 0.04:
                    jour += timedelta(days=6 - jour.isoweekday())
                menage = formation["menages"][rang % len(formation["menages"])]
                palu = rang % 3 == 0
                lignes = self.panier()
                if rang % 10 == 1:
                    lignes[0] = (self.specialiste, 1, None)
                self._saine(formation, menage[(rang // len(formation["menages"])) % 4], jour, lignes=lignes,
                            pathologie_id=(self.palu_grave if rang % 30 == 0 else self.palu) if palu else self.pathologie)

    # ------------------------------------------------------------------ fraudes
    def poser_fraudes(self):
        """Une fraude par indicateur, chacune chez ses propres coupables."""
        for nom in sorted(n for n in dir(self) if n.startswith("_frd_")):
            getattr(self, nom)(nom[5:7])

    def _neuve(self, saines=40, **options):
        """Une formation coupable, d'activité saine par ailleurs."""
        formation = self._formation(**options)
        formation["menages"] = [self._menage(formation["province"]) for _i in range(12)]
        for rang in range(saines):
            jour = self.ouvrables[rang * len(self.ouvrables) // saines]
            self._saine(formation, formation["menages"][rang % 12][(rang // 12) % 4], jour, lignes=self.panier())
        self.cibles_coupables.add(("formation", formation["id"]))
        return formation

    def _attendre(self, code, cible, *ids):
        self.attendus[f"FRD-{code}"] += ids
        self.cibles_coupables.update((cible, i) for i in ids)

    def _patient(self, **options):
        """(formation saine, bénéficiaire) : un coupable de plus."""
        formation = self.hasard.choice(self.formations)
        membres = self._menage(formation["province"], 1, **options)
        self.cibles_coupables.add(("assure", membres[0]))
        return formation, membres[0]

    def _jour(self, recul=60):
        jour = self.fin - timedelta(days=recul)
        return jour - timedelta(days=max(0, jour.isoweekday() - 5))

    def _frd_01(self, code):
        formation, radie = self._patient(date_radiation=self._jour(100))
        self.feuille(formation, radie, self._jour(40), self.panier(False))
        loin = next(f for f in self.formations if f["province"] != formation["province"])
        _f, eloigne = formation, self._menage(formation["province"], 1)[0]
        for rang in range(6):
            self.feuille(loin, eloigne, self._jour(200 - 30 * rang), self.panier(False))
        self._attendre(code, "assure", radie, eloigne)

    def _frd_02(self, code):
        formation, assure = self._patient()
        autre = next(f for f in self.formations if f["district"] != formation["district"])
        self.feuille(formation, assure, self._jour(), self.panier(False))
        self.feuille(autre, assure, self._jour(), self.panier(False))
        _f, hospitalise = self._patient()
        self.feuille(_f, hospitalise, self._jour(90), self.panier(False), type_soins="hospitalisation", fin=self._jour(90) + timedelta(days=6))
        autre = next(f for f in self.formations if f["district"] != _f["district"])
        self.feuille(autre, hospitalise, self._jour(90) + timedelta(days=3), self.panier(False))
        self._attendre(code, "assure", assure, hospitalise)

    def _frd_03(self, code):
        formation = self._neuve()
        praticien = self._praticien(formation["id"])
        for _rang in range(70):
            self.feuille(formation, self._menage(formation["province"], 1)[0], self._jour(75), self.panier(False), praticien=praticien)
        self._attendre(code, "praticien", praticien)

    def _frd_04(self, code):
        formation = self._neuve()
        for rang in range(130):
            self.feuille(formation, self._menage(formation["province"], 1)[0], self._jour(80), self.panier(False), praticien=formation["praticiens"][rang % 3])
        lits = self._neuve()
        self.cr.execute("UPDATE cnas_formation_sanitaire SET nb_lits = 1 WHERE id = %s", [lits["id"]])
        for rang in range(6):
            jour = self._jour(95).replace(day=1) + timedelta(days=rang)
            self.feuille(lits, self._menage(lits["province"], 1)[0], jour, self.panier(False), type_soins="hospitalisation", fin=jour + timedelta(days=9))
        self._attendre(code, "formation", formation["id"], lits["id"])
        self.cibles_coupables.update(("praticien", p) for p in formation["praticiens"])

    def _frd_05(self, code):
        formation = self._neuve()
        for rang in range(60):
            self._saine(formation, self._menage(formation["province"], 1)[0], self.ouvrables[rang * 3 % len(self.ouvrables)], coupable=True,
                        pathologie_id=self.palu_grave if rang % 2 else self.palu)
        self._attendre(code, "formation", formation["id"])

    def _frd_06(self, code):
        # les soins peuvent être plus vieux que le forfait livré : il vaut depuis le premier d'entre eux
        self.cr.execute("""
            UPDATE cnas_forfait_inclusion SET date_debut = least(date_debut, %s)
             WHERE id = (SELECT id FROM cnas_forfait_inclusion ORDER BY forfait_id, prestation_id, date_debut LIMIT 1)
            RETURNING forfait_id, prestation_id""", [self.debut])
        forfait, element = self.cr.fetchone()
        formation = self._neuve()
        for rang in range(4):
            assure, jour = self._menage(formation["province"], 1)[0], self._jour(70).replace(day=4 + rang)
            self.feuille(formation, assure, jour, [(forfait, 1, None)])
            self.feuille(formation, assure, jour + timedelta(days=2), [(element, 1, None)])
        self._attendre(code, "formation", formation["id"])

    def _frd_07(self, code):
        formation = self._neuve()
        assure = self._menage(formation["province"], 1)[0]
        for _rang in range(2):
            self.feuille(formation, assure, self._jour(), [(self.consultation, 1, None), (self.medicaments[_rang], 1, 470_000)])
        self.cibles_coupables.add(("assure", assure))
        self._attendre(code, "formation", formation["id"])

    def _frd_08(self, code):
        formation = self._neuve()
        for rang in range(9):
            assure = self._menage(formation["province"], 1)[0]
            self.cibles_coupables.add(("assure", assure))
            self.feuille(formation, assure, self._jour(20 + 17 * rang), [(self.medicaments[rang], 1, 480_000 + 1_300 * rang), (self.medicaments[rang + 1], 2, 4_000 + rang)])
        self._attendre(code, "formation", formation["id"])

    def _frd_09(self, code):
        formation = self._neuve()
        for recul in range(2, 9):
            for rang in range(12):
                self._saine(formation, self._menage(formation["province"], 1)[0], self._jour(30 * recul), praticien=formation["praticiens"][rang % 3])
        for rang in range(60):
            self.feuille(formation, self._menage(formation["province"], 1)[0], self._jour(28 + rang % 3), self.panier(False))
        self._attendre(code, "formation", formation["id"])

    def _frd_10(self, code):
        formation = self._neuve()
        praticien = self._praticien(formation["id"])
        for rang in range(40):
            lignes = self.panier(False) + [(self.injections[rang % 20], 3 + rang % 5, None), (self.antibiotiques[rang % 10], 2 + rang % 9, None)]
            self.feuille(formation, self._menage(formation["province"], 1)[0], self.ouvrables[rang * 5 % len(self.ouvrables)], lignes, praticien=praticien)
        self._attendre(code, "praticien", praticien)

    def _frd_11(self, code):
        formation, panier = self._neuve(), self.panier(False) + [(self.medicaments[-1], 7, None)]
        for rang in range(8):
            self.feuille(formation, self._menage(formation["province"], 1, 1960 + rang)[0], self._jour(70).replace(day=3 + rang), panier)
        self._attendre(code, "formation", formation["id"])

    def _frd_12(self, code):
        formation = self._neuve()
        assure = self._menage(formation["province"], 1)[0]
        for rang in range(5):
            self.feuille(formation, assure, self._jour(150 - 25 * rang), self.panier(False), reference=f"SUITE-{500 + rang}")
        self._attendre(code, "formation", formation["id"])

    def _frd_13(self, code):
        formation, panier = self._neuve(), self.panier(False)
        menage = self._menage(formation["province"], 5)
        for membre in menage:
            self.feuille(formation, membre, self._jour(), panier)
        self.cibles_coupables.add(("assure", menage[0]))
        self._attendre(code, "formation", formation["id"])

    def _frd_14(self, code):
        formation, assure = self._patient()
        voisines = [f for f in self.formations if f["province"] == formation["province"]][:6]
        for rang, voisine in enumerate(voisines):
            self.feuille(voisine, assure, self._jour(60 - 3 * rang), self.panier(False))
        meme, preneur = self._patient()
        for rang in range(6):
            self.feuille(meme, preneur, self._jour(90 - 4 * rang), [(self.consultation, 1, None), (self.medicaments[0], 3, None), (self.medicaments[rang + 1], 2 + rang, None)])
        self._attendre(code, "assure", assure, preneur)

    def _frd_15(self, code):
        formation, assure = self._patient()
        for rang in range(4):
            self.feuille(formation, assure, self._jour(40 * rang + 20), [(self.consultation, 1, None), (self.medicaments[rang], 1, 900_000 + 777 * rang)])
        self._attendre(code, "assure", assure)
        self.cibles_coupables.update(("praticien", p) for p in formation["praticiens"])

    def _frd_16(self, code):
        formation = self._neuve()
        self.cr.execute("UPDATE cnas_formation_sanitaire SET sans_garde = true WHERE id = %s", [formation["id"]])
        dimanches = [j for j in self.jours if j.isoweekday() == 7 and j.month == self._jour(70).month][:4]
        for rang in range(8):
            self.feuille(formation, self._menage(formation["province"], 1)[0], dimanches[rang % len(dimanches)], self.panier(False))
        self._attendre(code, "formation", formation["id"])

    def _frd_17(self, code):
        formation = self._neuve()
        for rang in range(60):
            self.feuille(formation, self._menage(formation["province"], 1)[0], self.ouvrables[rang * 3 % len(self.ouvrables)], self.panier(False)[1:])
        self._attendre(code, "formation", formation["id"])

    def _frd_18(self, code):
        formation = self._neuve()
        for rang in range(40):
            self.feuille(formation, self._menage(formation["province"], 1)[0], self.ouvrables[rang * 4 % len(self.ouvrables)], self.panier(True))
        self._attendre(code, "formation", formation["id"])

    def _frd_19(self, code):
        prescripteur, ailleurs = self._praticien(self.formations[0]["id"]), self._neuve()
        for rang in range(60):
            self.feuille(ailleurs, self._menage(ailleurs["province"], 1)[0], self.ouvrables[rang * 3 % len(self.ouvrables)], self.panier(False), praticien=prescripteur)
        self._attendre(code, "praticien", prescripteur)

    def _frd_20(self, code):
        formation, assure = self._patient(naissance=1995)
        for recul in (150, 40):
            self.feuille(formation, assure, self._jour(recul), [(self.prestations["ACT0046"], 1, None)])
        self._attendre(code, "assure", assure)

    def _frd_21(self, code):
        formation = self._neuve()
        regle = self._un("SELECT id FROM cnas_regle_controle WHERE code = 'CLI-01'")
        self._anomalies = [(self.feuille(formation, self._menage(formation["province"], 1)[0], self._jour(70).replace(day=5 + rang), self.panier(False)), regle) for rang in range(4)]
        self._attendre(code, "formation", formation["id"])

    def _frd_22(self, code):
        formation = self._neuve()
        for rang in range(130):
            lignes = [(self.consultation, 1, None)] + [(m, 1, 5_000 + 100 * self.hasard.randrange(9)) for m in self.hasard.sample(self.medicaments, 3)]
            self.feuille(formation, self._menage(formation["province"], 1)[0], self.ouvrables[rang % len(self.ouvrables)], lignes)
        self._attendre(code, "formation", formation["id"])

    def _frd_23(self, code):
        formation = self._neuve()
        fin = self._jour(40)
        self.cr.execute("INSERT INTO cnas_convention (formation_id, numero, state, date_debut, date_fin) VALUES (%s, %s, 'active', '2020-01-01', %s)",
                        [formation["id"], f"ZC-{formation['id']}", fin])
        for rang in range(25):
            self.feuille(formation, self._menage(formation["province"], 1)[0], fin - timedelta(days=2 + 9 * rang), self.panier(False), date_depot=fin + timedelta(days=20))
        self._attendre(code, "formation", formation["id"])

    def _compte(self, formation, rib):
        partenaire = self._un("INSERT INTO res_partner (name, active) VALUES (%s, true) RETURNING id", f"Formation {formation['id']}")
        compte = self._un("INSERT INTO res_partner_bank (partner_id, acc_number, sanitized_acc_number, active) VALUES (%s, %s, %s, true) RETURNING id", partenaire, rib, rib)
        self.cr.execute("UPDATE cnas_formation_sanitaire SET partner_id = %s, compte_principal_id = %s WHERE id = %s", [partenaire, compte, formation["id"]])
        return partenaire

    def _frd_24(self, code):
        deux = [self._neuve(), self._neuve()]
        for formation in deux:
            self._compte(formation, composer_rib("60009", "00009", "00000099999"))
        self._attendre(code, "formation", *(f["id"] for f in deux))

    def _frd_25(self, code):
        formation = self._neuve(0)
        for rang in range(60):
            self.feuille(formation, self._menage(formation["province"], 1)[0], self.ouvrables[rang * 3 % len(self.ouvrables)], self.panier(False),
                         decidee_par_id=self.complice.id, saisie_par_id=self.complice.id if rang < 5 else self.saisie)
        self._attendre(code, "usager", self.complice.id)

    def _frd_26(self, code):
        formation = self.formations[2]
        menage = self._menage(formation["province"], 4)
        lignes = self.panier(False)
        for rang, membre in enumerate(menage):
            self.feuille(formation, membre, self._jour(55), [(p, q + rang, None) for p, q, _x in lignes])
        self._attendre(code, "assure", menage[0])

    def _frd_27(self, code):
        formation, panier = self._neuve(), self.panier(False) + [(self.medicaments[-2], 9, None)]
        for rang in range(7):
            self.feuille(formation, self._menage(formation["province"], 1, naissance=1977)[0], self._jour(70).replace(day=6 + rang), panier)
        self._attendre(code, "formation", formation["id"])

    def _frd_28(self, code):
        formation = self._neuve()
        praticien = self._praticien(formation["id"])
        for jour in [j for j in self.ouvrables if (j.year, j.month) == (self._jour(70).year, self._jour(70).month)][:6]:
            for _rang in range(47):
                self.feuille(formation, self._menage(formation["province"], 1)[0], jour, self.panier(False), praticien=praticien)
        self._attendre(code, "praticien", praticien)

    def _frd_29(self, code):
        deux = [self._neuve(0), self._neuve(0)]
        mois = self._jour(70).replace(day=2)
        for rang in range(20):
            panier = self.panier(False)
            for formation in deux:
                self.feuille(formation, self._menage(formation["province"], 1)[0], mois + timedelta(days=rang), panier)
        self._attendre(code, "formation", *(f["id"] for f in deux))

    def _frd_30(self, code):
        formation, assure = self._patient()
        ordonnance = self.panier(False)
        for rang in range(4):
            self.feuille(formation, assure, self._jour(90 - 12 * rang), ordonnance)
        self._attendre(code, "assure", assure)

    def _frd_31(self, code):
        formation = self._neuve()
        for rang in range(40):
            self.feuille(formation, self._menage(formation["province"], 1)[0], self._jour(70).replace(day=3 + rang % 20), self.panier(False) + [(self.medicaments[3], 1, 60_000)])
        self._attendre(code, "formation", formation["id"])
        self.cibles_coupables.update(("praticien", p) for p in formation["praticiens"])

    def _frd_32(self, code):
        formation = self._neuve(80)
        samedis = [j for j in self.jours if j.isoweekday() in (6, 7)]
        for rang in range(60):
            self.feuille(formation, self._menage(formation["province"], 1)[0], samedis[rang % len(samedis)], self.panier(False))
        self._attendre(code, "formation", formation["id"])

    def _frd_33(self, code):
        formation, mort = self._patient(date_deces=self._jour(120))
        self.feuille(formation, mort, self._jour(30), self.panier(False))
        self._attendre(code, "assure", mort)
        self._attendre("01", "assure", mort)

    def _frd_34(self, code):
        formation, assure = self._patient()
        loin = next(f for f in self.formations if f["province"] != formation["province"])
        for rang, lieu in enumerate((formation, loin, formation, loin)):
            self.feuille(lieu, assure, self._jour(60) + timedelta(days=rang), self.panier(False))
        self._attendre(code, "assure", assure)

    def _frd_35(self, code):
        deux = [self._patient()[1], self._patient()[1]]
        for assure in deux:
            self.cr.execute("""
                INSERT INTO cnas_compte_paiement (assure_id, demandeur_id, titulaire_type, nature, numero, nom_titulaire, state, date_debut,
                                                  decideur_id, date_decision)
                VALUES (%s, 1, 'assure', 'airtel', '66778899', 'Le même', 'actif', '2020-01-01', 2, '2020-01-01')""", [assure])
        self._attendre(code, "assure", min(deux))

    def _frd_36(self, code):
        formation = self._neuve()
        self.cr.execute("UPDATE cnas_formation_sanitaire SET telephone_1 = '+235 66 11 22 33' WHERE id = %s", [formation["id"]])
        self.cr.execute("UPDATE res_partner SET mobile = '66112233' WHERE id = %s", [self.agents[5].partner_id.id])
        self._attendre(code, "usager", self.agents[5].id)

    # ------------------------------------------------------------------ écrire
    def ecrire(self):
        """Verse tout en base."""
        brut = self.cr._obj
        execute_values(brut, f"INSERT INTO cnas_feuille_soin ({', '.join(FEUILLE)}) VALUES %s", self.feuilles, page_size=5000)
        execute_values(brut, f"INSERT INTO cnas_feuille_soin_ligne ({', '.join(LIGNE)}) VALUES %s", self.lignes, page_size=10000)
        self.cr.execute("SELECT setval('cnas_feuille_soin_id_seq', %s)", [self.suivante])
        execute_values(brut, "INSERT INTO cnas_anomalie (feuille_id, regle_id, severite, message, state) VALUES %s", [(*a, "rejet", "Sexe", "ouverte") for a in self._anomalies])
        fichier = self._un("INSERT INTO ir_attachment (name, type) VALUES ('Résultat', 'url') RETURNING id")
        genre = self._un("SELECT id FROM cnas_type_piece WHERE code = 'RESULTAT'")
        execute_values(brut, "INSERT INTO cnas_feuille_soin_piece (feuille_id, attachment_id, name, type_id) VALUES %s",
                       [(f, fichier, "Résultat", genre) for f in self.resultats], page_size=5000)
        self.cr.execute("ANALYZE cnas_feuille_soin; ANALYZE cnas_feuille_soin_ligne; ANALYZE cnas_assure; ANALYZE cnas_feuille_soin_piece")
        self.env.invalidate_all()

    # ------------------------------------------------------------------ juger
    def juger(self):
        """Compare les alertes à ce qui fut posé : ({code: cibles manquées}, alertes fausses, alertes en tout)."""
        siennes = self.siennes()
        self.cr.execute("""
            SELECT a.id, i.code, a.formation_id, a.praticien_id, a.assure_id, a.usager_id, ARRAY(SELECT feuille_id FROM cnas_alerte_feuille_rel r WHERE r.alerte_id = a.id)
              FROM cnas_alerte a JOIN cnas_indicateur i ON i.id = a.indicateur_id""")
        trouves, fausses, toutes = defaultdict(set), [], 0
        for _id, code, formation, praticien, assure, usager, feuilles in self.cr.fetchall():
            cibles = {(genre, i) for genre, i in (("formation", formation), ("praticien", praticien), ("assure", assure), ("usager", usager)) if i}
            # ce que la base portait déjà n'est pas du jeu
            if not cibles & siennes:
                continue
            trouves[code] |= {i for _genre, i in cibles}
            toutes += 1
            if not cibles & self.cibles_coupables and not self.feuilles_coupables.intersection(feuilles):
                fausses.append((code, cibles))
        manques = {code: set(ids) - trouves[code] for code, ids in self.attendus.items() if set(ids) - trouves[code]}
        return manques, fausses, toutes

    def siennes(self):
        """Les cibles posées ici."""
        return {(genre, i) for genre, requete in (
            ("formation", "SELECT id FROM cnas_formation_sanitaire WHERE code LIKE 'ZC-%'"), ("praticien", "SELECT id FROM cnas_praticien WHERE numero_ordre LIKE 'ZC%'"),
            ("assure", "SELECT id FROM cnas_assure WHERE nom = 'SAIN'"), ("usager", "SELECT id FROM res_users WHERE login LIKE 'zc_agent%'")) for i in self._liste(requete)}
