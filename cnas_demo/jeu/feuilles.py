from random import Random

from .envois import Envois
from .etape import Etape

NOMBRE = 300
BROUILLONS = 18
MOTIFS_DE_REJET = ("Soins déjà réglés par un programme gratuit", "Feuille illisible, original non fourni")


class Feuilles(Etape):
    """Feuilles de soins du jeu d'essai : 300 dossiers dans tous les états, par les vraies actions."""

    def charger(self):
        """Charge compétences, ententes, 300 feuilles, boîtes et bordereaux ; tirage reproductible."""
        hasard = Random(2026)
        envois = Envois(self.env, self.calendrier)
        usagers = {login: self.usager(login) for login in ("agent", "agent2", "controleur", "controleur2", "medecin", "superviseur")}
        self._regler_competences(usagers)
        self._charger_ententes(hasard, envois, usagers)
        feuilles = self._deposer_feuilles(hasard, envois, usagers)
        self._mener_feuilles(hasard, feuilles, usagers)
        self._saisir_brouillons(hasard, envois, usagers)
        self._ranger_papier(feuilles, usagers)
        feuilles.filtered(lambda f: f.state in ("deposee", "controle", "avis_medical"))._affecter_au_moins_charge()
        self._vieillir(feuilles)

    def _regler_competences(self, usagers):
        fiches = self.env["cnas.competence_controleur"]
        if fiches.search_count([]):
            return
        fiches.create([
            {"user_id": usagers["controleur"].id, "traite_ordinaire": True, "traite_enfant": True, "plafond": 80},
            {"user_id": usagers["controleur2"].id, "traite_ordinaire": True, "traite_maternite": True,
             "traite_ald": True, "plafond": 80},
        ])

    # ------------------------------------------------------------------ feuilles
    def _deposer_feuilles(self, hasard, envois, usagers):
        """Dépose les feuilles par `importer`, moitié à Abéché, moitié à Bongor ; une sur six est numérisée."""
        composes = [envois.composer(hasard, rang) for rang in range(1, NOMBRE - BROUILLONS + 1)]
        for envoi in composes[::6]:
            envoi["pieces"] = [envois.numeriser(envoi, "FEUILLE")]
        moitie = len(composes) // 2
        feuilles = self.env["cnas.feuille_soin"]
        ids = []
        for login, part in (("agent", composes[:moitie]), ("agent2", composes[moitie:])):
            ids += [r["id"] for r in feuilles.with_user(usagers[login]).importer(part) if r["id"]]
        return feuilles.browse(ids)

    def _mener_feuilles(self, hasard, feuilles, usagers):
        """Contrôle les anciennes, laisse les récentes à trier, et fait trancher quelques dossiers."""
        recentes = feuilles.filtered(lambda f: f.date_depot >= self.calendrier.jour(13))
        anciennes = (feuilles - recentes).filtered(lambda f: f.state == "deposee")
        a_annuler, a_demander = anciennes[:6], anciennes[6:14]
        for feuille in a_annuler:
            feuille.with_user(usagers["superviseur"]).action_annuler("Déposée deux fois par la formation")
        for feuille in a_demander:
            feuille.with_user(usagers["controleur"]).action_demander_pieces("Ordonnance datée et signée")
        a_demander[:2].with_user(usagers["agent"]).action_regulariser()
        (anciennes - a_annuler - a_demander).with_user(usagers["controleur"]).action_controler()
        en_controle = anciennes.filtered(lambda f: f.state == "controle")
        medicaux = en_controle[:12]
        medicaux.with_user(usagers["controleur2"]).action_transmettre_medecin()
        for rang, feuille in enumerate(medicaux[:5]):
            feuille.with_user(usagers["medecin"]).action_rendre_avis(
                ("accord", "partiel", "refus")[rang % 3], "Avis rendu au vu du compte rendu joint.")
        for feuille in en_controle[12:15]:
            feuille.with_user(usagers["controleur2"]).action_rejeter(hasard.choice(MOTIFS_DE_REJET))
        self._juger_les_anciennes(en_controle[15:], usagers["controleur2"])

    def _juger_les_anciennes(self, feuilles, controleur):
        """Rien ne traîne : ce qui a plus d'un mois est jugé, ses signalements levés au vu du dossier."""
        vieilles = feuilles.filtered(lambda f: f.state == "controle" and f.date_depot < self.calendrier.jour(30)).with_user(controleur)
        signalees = vieilles.anomalie_ids.filtered(lambda a: a.state == "ouverte" and a.severite == "signalement")
        if signalees:
            signalees.action_lever("Indication retrouvée au compte rendu joint.")
        libres = vieilles.filtered("peut_valider")
        if libres:
            libres.action_valider()

    def _saisir_brouillons(self, hasard, envois, usagers):
        """Laisse des feuilles en cours de saisie."""
        composees = [envois.composer(hasard, rang) for rang in range(NOMBRE - BROUILLONS + 1, NOMBRE + 1)]
        formations = {f.code: f.id for f in envois.formations}
        assures = {a.matricule: a.id for a in envois.assures}
        prestations = {p.code: p.id for p, _tarif in envois.actes + envois.produits}
        self.env["cnas.feuille_soin"].with_user(usagers["agent"]).create([{
            "reference": f["reference"], "formation_id": formations[f["formation"]], "assure_id": assures[f["matricule"]],
            "date_soins": f["date_soins"],
            "ligne_ids": [(0, 0, {"prestation_id": prestations[ligne["prestation"]], "quantite": ligne["quantite"],
                                  "prix_unitaire": ligne["prix_unitaire"]}) for ligne in f["lignes"]],
        } for f in composees])

    # ------------------------------------------------------------------ autour
    def _charger_ententes(self, hasard, envois, usagers):
        """Une douzaine de demandes d'entente préalable, de demandées à refusées."""
        soumises = self.env["cnas.prestation"].search([("entente_prealable", "=", True)], order="code")
        soumises = soumises or self.env["cnas.prestation"].search([("type_prestation", "=", "acte")], limit=5)
        ententes = self.env["cnas.entente_prealable"].with_user(usagers["agent"]).create([{
            "assure_id": hasard.choice(envois.assures).id, "formation_id": hasard.choice(envois.formations).id,
            "prestation_id": hasard.choice(soumises).id, "quantite_demandee": hasard.randint(1, 3),
            "montant_demande": hasard.randrange(20, 200) * 1000, "urgence": rang % 5 == 0,
            "date_prevue": self.calendrier.jour(-rang),
        } for rang in range(12)]).with_user(usagers["medecin"])
        ententes[3:].action_examiner()
        for entente in ententes[5:9]:
            entente.action_accorder()
        ententes[9].action_accorder(1, 15000, motif="Accord limité à une séance")
        ententes[10:].action_refuser("Indication non retrouvée au dossier")

    def _ranger_papier(self, feuilles, usagers):
        """Une boîte d'archives et un bordereau d'Abéché vers le siège."""
        agence = usagers["agent"].agence_ids[:1]
        archivables = feuilles.filtered(
            lambda f: f.date_numerisation and f.state in ("validee", "rejetee") and f.agence_id == agence)
        archivables._ecrire({"date_numerisation": self.calendrier.jour(41)})
        agent = usagers["agent"]
        boite = self.env["cnas.boite_archive"].with_user(agent).create(
            {"agence_id": agence.id, "emplacement": "Salle B, travée 3, étagère 2"})
        archivables[:8].with_user(agent).action_archiver_papier(boite.id)
        siege = self.env["cnas.agence"].search([("siege", "=", True)], limit=1)
        if siege and siege != agence:
            bordereau = self.env["cnas.bordereau_transmission"].with_user(agent).create(
                {"agence_id": agence.id, "destination_id": siege.id})
            bordereau.action_remplir()
            bordereau.action_envoyer()

    def _vieillir(self, feuilles):
        """Donne aux passages et aux décisions des dates plausibles : le jeu d'essai se charge en un instant."""
        self.env.flush_all()
        self.env.cr.execute("""
            UPDATE cnas_feuille_soin
               SET date_decision = LEAST(date_depot + ((id %% 19) + 2) * interval '1 day' + interval '9 hours',
                                         now() AT TIME ZONE 'UTC')
             WHERE id = ANY(%s) AND date_decision IS NOT NULL
        """, [feuilles.ids])
        self.env.cr.execute("""
            UPDATE cnas_feuille_soin_passage p
               SET date = CASE WHEN p.etat_avant = 'brouillon' THEN f.date_depot + interval '8 hours'
                               WHEN p.etat_apres IN ('validee', 'rejetee') THEN f.date_decision
                               ELSE p.date END
              FROM cnas_feuille_soin f
             WHERE f.id = p.feuille_id AND f.id = ANY(%s)
               AND (p.etat_avant = 'brouillon' OR f.date_decision IS NOT NULL)
        """, [feuilles.ids])
        self.env.invalidate_all()
