import base64
import io
import logging
from datetime import date, timedelta
from random import Random

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas

from odoo import api, fields, models

from odoo.addons.cnas_referentiels.bareme import Bareme

_logger = logging.getLogger(__name__)

NOMBRE = 300
BROUILLONS = 18
DIAGNOSTICS = ("B50.9", "B54", "J06.9", "J18.9", "A09", "I10", "E11.9", "O80", "Z34.9", "N39.0", "K29.7", "A01.0")
MOTIFS_DE_REJET = ("Soins déjà réglés par un programme gratuit", "Feuille illisible, original non fourni")


class CnasDemo(models.AbstractModel):
    """Feuilles de soins du jeu d'essai : 300 dossiers dans tous les états, par les vraies actions."""

    _inherit = "cnas.demo"

    @api.model
    def _charger_feuilles(self):
        """Charge compétences, ententes, 300 feuilles, boîtes et bordereaux ; tirage reproductible."""
        self = self.with_context(tracking_disable=True, mail_create_nosubscribe=True)
        hasard = Random(2026)
        offre = self._lire_offre()
        if not all(offre.values()):
            _logger.info("Jeu d'essai incomplet plus bas : pas de feuilles de soins.")
            return True
        usagers = {login: self.env.ref(f"cnas_base.user_{login}")
                   for login in ("agent", "agent2", "controleur", "controleur2", "medecin", "superviseur")}
        self._regler_competences(usagers)
        self._charger_ententes(hasard, offre, usagers)
        feuilles = self._deposer_feuilles(hasard, offre, usagers)
        self._mener_feuilles(hasard, feuilles, usagers)
        self._saisir_brouillons(hasard, offre, usagers)
        self._ranger_papier(feuilles, usagers)
        feuilles.filtered(lambda f: f.state in ("deposee", "controle", "avis_medical"))._affecter_au_moins_charge()
        self._vieillir(feuilles)
        return True

    # ------------------------------------------------------------------ ce qui existe
    def _lire_offre(self):
        """Rend ce sur quoi les feuilles se bâtissent : formations, personnes, prestations tarifées, diagnostics."""
        formations = self.env["cnas.formation_sanitaire"].search([("state", "=", "active")], order="code")
        assures = self.env["cnas.assure"].search([("state", "=", "actif")], order="matricule", limit=160)
        prestations = self.env["cnas.prestation"].search([("entente_prealable", "=", False)], order="code")
        diagnostics = self.env["cnas.pathologie"].search([("code", "in", DIAGNOSTICS)]).mapped("code")
        bareme = Bareme(self.env, prestations.ids)
        tarifs = {p: bareme.tarif(p.id, 1, date(2026, 6, 1)) for p in prestations}
        tarifees = [(p, tarif.montant) for p, tarif in tarifs.items() if tarif and p.niveau_min <= 2 and not p.sexe]
        return {"formations": list(formations), "assures": list(assures), "diagnostics": sorted(diagnostics),
                "actes": [t for t in tarifees if t[0].type_prestation in ("acte", "examen")],
                "produits": [t for t in tarifees if t[0].type_prestation in ("medicament", "consommable")]}

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
    def _composer(self, hasard, offre, rang):
        """Compose une feuille : deux à cinq lignes, prix au tarif le plus souvent."""
        formation = hasard.choice(offre["formations"])
        assure = hasard.choice(offre["assures"])
        dernier = date(2026, 11, 19)
        recul = hasard.randrange(0, 25) if rang % 3 == 0 else hasard.randrange(25, 560)
        soins = dernier - timedelta(days=recul)
        choisies = [hasard.choice(offre["actes"])]
        choisies += hasard.sample(offre["produits"], hasard.randint(1, 4))
        lignes = []
        for prestation, tarif in choisies:
            quantite = 1 if prestation.type_prestation in ("acte", "examen") else hasard.choice((1, 2, 2, 3, 6, 10))
            majoration = hasard.choice((1, 1, 1, 1, 1, 1.25))
            lignes.append({"prestation": prestation.code, "quantite": quantite,
                           "prix_unitaire": int(tarif * majoration)})
        return {
            "reference": f"FS{rang:05d}", "formation": formation.code, "matricule": assure.matricule,
            "date_soins": str(soins), "date_depot": str(min(soins + timedelta(days=hasard.randint(1, 20)),
                                                            date(2026, 11, 20))),
            "pathologie": hasard.choice(offre["diagnostics"]), "urgence": rang % 11 == 0,
            "mode": "remboursement" if rang % 17 == 0 else "tiers_payant", "lignes": lignes,
        }

    def _deposer_feuilles(self, hasard, offre, usagers):
        """Dépose les feuilles par `importer`, moitié à Abéché, moitié à Bongor ; une sur six est numérisée."""
        envois = [self._composer(hasard, offre, rang) for rang in range(1, NOMBRE - BROUILLONS + 1)]
        for rang, envoi in enumerate(envois):
            if rang % 6 == 0:
                envoi["pieces"] = [{"type": "FEUILLE", "nom": f"{envoi['reference']}.pdf",
                                    "contenu": base64.b64encode(self._dessiner(envoi)).decode()}]
        moitie = len(envois) // 2
        feuilles = self.env["cnas.feuille_soin"]
        ids = []
        for login, part in (("agent", envois[:moitie]), ("agent2", envois[moitie:])):
            ids += [r["id"] for r in feuilles.with_user(usagers[login]).importer(part) if r["id"]]
        return feuilles.browse(ids)

    def _mener_feuilles(self, hasard, feuilles, usagers):
        """Contrôle les anciennes, laisse les récentes à trier, et fait trancher quelques dossiers."""
        recentes = feuilles.filtered(lambda f: f.date_depot >= date(2026, 11, 12))
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
        for feuille in en_controle[12:18]:
            feuille.with_user(usagers["controleur2"]).action_rejeter(hasard.choice(MOTIFS_DE_REJET))

    def _saisir_brouillons(self, hasard, offre, usagers):
        """Laisse des feuilles en cours de saisie."""
        composees = [self._composer(hasard, offre, rang) for rang in range(NOMBRE - BROUILLONS + 1, NOMBRE + 1)]
        formations = {f.code: f.id for f in offre["formations"]}
        assures = {a.matricule: a.id for a in offre["assures"]}
        prestations = {p.code: p.id for p, _tarif in offre["actes"] + offre["produits"]}
        self.env["cnas.feuille_soin"].with_user(usagers["agent"]).create([{
            "reference": f["reference"], "formation_id": formations[f["formation"]], "assure_id": assures[f["matricule"]],
            "date_soins": f["date_soins"],
            "ligne_ids": [(0, 0, {"prestation_id": prestations[ligne["prestation"]], "quantite": ligne["quantite"],
                                  "prix_unitaire": ligne["prix_unitaire"]}) for ligne in f["lignes"]],
        } for f in composees])

    # ------------------------------------------------------------------ autour
    def _charger_ententes(self, hasard, offre, usagers):
        """Une douzaine de demandes d'entente préalable, de demandées à refusées."""
        soumises = self.env["cnas.prestation"].search([("entente_prealable", "=", True)], order="code")
        soumises = soumises or self.env["cnas.prestation"].search([("type_prestation", "=", "acte")], limit=5)
        ententes = self.env["cnas.entente_prealable"].with_user(usagers["agent"]).create([{
            "assure_id": hasard.choice(offre["assures"]).id, "formation_id": hasard.choice(offre["formations"]).id,
            "prestation_id": hasard.choice(soumises).id, "quantite_demandee": hasard.randint(1, 3),
            "montant_demande": hasard.randrange(20, 200) * 1000, "urgence": rang % 5 == 0,
            "date_prevue": fields.Date.to_string(date(2026, 11, 25) + timedelta(days=rang)),
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
        archivables._deverrouiller().write({"date_numerisation": date(2026, 10, 15)})
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

    def _dessiner(self, envoi):
        """Rend le PDF d'une feuille de soins « numérisée »."""
        tampon = io.BytesIO()
        page = canvas.Canvas(tampon, pagesize=A5)
        page.setFont("Helvetica-Bold", 13)
        page.drawString(40, 550, "République du Tchad — Feuille de soins")
        page.setFont("Helvetica", 10)
        page.drawString(40, 525, f"N° {envoi['reference']}    Formation : {envoi['formation']}")
        page.drawString(40, 508, f"Matricule : {envoi['matricule']}    Date des soins : {envoi['date_soins']}")
        haut = 475
        for ligne in envoi["lignes"]:
            page.drawString(40, haut, ligne["prestation"])
            page.drawRightString(260, haut, str(ligne["quantite"]))
            page.drawRightString(360, haut, f"{ligne['prix_unitaire']} F")
            haut -= 18
        page.drawString(40, 90, "Signature de l'assuré")
        page.drawString(240, 90, "Cachet et signature")
        page.showPage()
        page.save()
        return tampon.getvalue()
