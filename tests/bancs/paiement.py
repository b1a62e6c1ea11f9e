"""Des feuilles validées au retour de la banque, par les vraies actions : toutes les sommes sont égales, au franc."""
import base64
import time

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_formations.rib import composer_rib

from tests.bancs import reference

TITRE = "Feuilles = factures = décomptes = ordres = retours = paiements"
FEUILLES = 100_000
# Un ordre sur dix est rejeté par la banque, puis réémis.
REJETS = 10
SOMMES = {
    "factures": "SELECT SUM(montant_cnas) FROM cnas_facture WHERE id = ANY(%(factures)s)",
    "décomptes": "SELECT SUM(montant_cnas) FROM cnas_decompte WHERE facture_id = ANY(%(factures)s)",
    "lignes des décomptes": "SELECT SUM(l.montant_cnas) FROM cnas_decompte_ligne l JOIN cnas_decompte d ON d.id = l.decompte_id WHERE d.facture_id = ANY(%(factures)s)",
    "ordres vivants": "SELECT SUM(montant) FROM cnas_ordre_paiement WHERE facture_id = ANY(%(factures)s) AND state NOT IN ('rejete', 'annule')",
    "retours payés": "SELECT SUM(r.montant) FROM cnas_retour_paiement_ligne r JOIN cnas_ordre_paiement o ON o.id = r.ordre_id "
                     "WHERE o.facture_id = ANY(%(factures)s) AND r.resultat = 'paye'",
    "ordres payés": "SELECT SUM(montant) FROM cnas_ordre_paiement WHERE facture_id = ANY(%(factures)s) AND state = 'paye'",
    "factures payées": "SELECT SUM(net_a_payer) FROM cnas_facture WHERE id = ANY(%(factures)s) AND state = 'payee'",
    "feuilles payées": "SELECT SUM(montant_cnas) FROM cnas_feuille_soin WHERE facture_id = ANY(%(factures)s) AND state = 'payee'",
}


def mesurer(banc):
    """But : aucun franc d'écart, un rejet sur dix compris, sur 100 000 feuilles."""
    nombre = int(FEUILLES * banc.echelle)
    usagers = _usagers(banc.env)
    factures = _factures(banc, nombre)
    depart = time.perf_counter()
    for action, qui in (("soumettre", "agent"), ("controler", "superviseur"), ("valider", "superviseur"), ("valider", "superviseur2")):
        a_mener = factures.filtered(lambda f: f.state != "validee")
        if a_mener:
            getattr(a_mener.with_user(usagers[qui]), f"action_{action}")()
    factures.with_user(usagers["finance"]).action_ordonnancer()
    rejetes = _payer(factures, usagers, rejeter=True)
    rejetes.with_user(usagers["finance"]).action_reemettre()
    _payer(factures, usagers)
    duree = time.perf_counter() - depart
    banc.env.flush_all()
    parametres = {"factures": factures.ids}
    banc.cr.execute("SELECT SUM(montant_cnas)::bigint, COUNT(*) FROM cnas_feuille_soin WHERE facture_id = ANY(%(factures)s)", parametres)
    attendu, feuilles = banc.cr.fetchone()
    banc.noter("feuilles, de la soumission au paiement", feuilles, "feuilles", f"{duree:.0f} s, {len(factures)} factures", f"{nombre}", feuilles == nombre)
    banc.noter("ordres rejetés puis réémis", len(rejetes), "ordres", but="≥ 1", atteint=bool(rejetes))
    for nom, requete in SOMMES.items():
        banc.cr.execute(requete, parametres)
        ecart = int(banc.cr.fetchone()[0] or 0) - attendu
        banc.noter(f"{nom} − feuilles", ecart, "FCFA d'écart", f"{attendu} FCFA", "0", not ecart)
    banc.cr.execute("SELECT COALESCE(SUM(ecart), 0)::bigint FROM cnas_rapprochement WHERE facture_id = ANY(%(factures)s)", parametres)
    ecart = banc.cr.fetchone()[0]
    banc.noter("rapprochement, facture par facture", ecart, "FCFA d'écart", but="0", atteint=not ecart)


def _usagers(env):
    """Un usager par geste : les quatre yeux valent aussi au banc."""
    roles = {"agent": "agent", "superviseur": "superviseur", "superviseur2": "superviseur", "finance": "finance", "payeur": "finance",
             "signataire": "finance"}
    usagers = env["res.users"].with_context(no_reset_password=True).create([
        {"name": f"Banc {nom}", "login": f"banc_{nom}", "groups_id": [(6, 0, env.ref(f"cnas_base.group_{role}").ids)]}
        for nom, role in roles.items()])
    return dict(zip(roles, usagers))


def _factures(banc, nombre):
    """Rend une facture par formation de la base de référence, toutes ses feuilles décidées ; une formation sur deux a un RIB."""
    premier, dernier = reference.poser(banc.cr, nombre, prefixe="BPAI", etat="validee", debut="2026-10-01", jours=28)
    formations = banc.env["cnas.formation_sanitaire"].search([("code", "=like", "BFS%")])
    partenaires = banc.env["res.partner"].create([{"name": formation.name} for formation in formations[::2]])
    for rang, (formation, partenaire) in enumerate(zip(formations[::2], partenaires)):
        formation._ecrire({"partner_id": partenaire.id}, suivi=False)
        formation.rib_principal = composer_rib("60002", f"{rang:05d}", f"{93000000 + rang:011d}")
    banc.env.flush_all()
    factures = banc.env["cnas.facture"].create([{"formation_id": formation.id, "periode": "2026-10-01"} for formation in formations])
    factures.flush_recordset()
    banc.cr.execute("""
        UPDATE cnas_feuille_soin fs SET facture_id = f.id FROM cnas_facture f
         WHERE f.id = ANY(%s) AND f.formation_id = fs.formation_id AND fs.id BETWEEN %s AND %s""", (factures.ids, premier, dernier))
    banc.cr.execute("ANALYZE cnas_feuille_soin; ANALYZE cnas_feuille_soin_ligne")
    banc.env.invalidate_all()
    factures._actualiser_montants()
    return factures.filtered("montant_facture")


def _payer(factures, usagers, rejeter=False):
    """Prépare, signe, transmet, puis importe le retour de chaque lot ; rend les ordres que la banque rejette."""
    emis = factures.ordre_ids.filtered(lambda o: o.state == "emis")
    emis.with_user(usagers["payeur"]).action_creer_lot()
    lots = emis.lot_id
    lots.with_user(usagers["signataire"]).action_signer()
    lots.with_user(usagers["payeur"]).action_transmettre()
    rejetes = emis[::REJETS] if rejeter else emis.browse()
    jour = aujourd_hui().strftime("%d/%m/%Y")
    for lot in lots:
        rangs = [(ordre.numero, int(ordre.montant), "Rejeté" if ordre in rejetes else "Payé", jour, f"B-{lot.id}", "Compte clos" if ordre in rejetes else "")
                 for ordre in lot.ordre_ids]
        lot.with_user(usagers["payeur"]).importer_retour(
            base64.b64encode(ecrire_csv(("ordre", "montant", "statut", "date", "reference", "motif"), rangs)).decode(), f"{lot.id}.csv")
    return rejetes
