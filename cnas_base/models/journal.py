import functools
import hashlib
import json
import logging

from dateutil.relativedelta import relativedelta

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import AccessError, UserError

from .. import appelant
from ..impression.langue import dire_a
from ..jour import aujourd_hui

_logger = logging.getLogger(__name__)

# Un seul écrivain enchaîne à la fois, le temps de sceller.
VERROU = "cnas_journal"
CHAMPS_SCELLES = ("date", "user_id", "modele", "res_id", "evenement", "avant", "apres", "motif", "adresse")


class Journal(models.Model):
    """Le journal : qui, quoi, quand, d'où, pourquoi. Ajout seul, chaque ligne scellée sur la précédente.

    Une ligne ne se modifie ni ne s'efface, pour personne : ni par l'ORM, ni au SQL (déclencheur). Elle s'ajoute dans
    la transaction du fait qu'elle raconte et s'enchaîne juste après la validation : `rang` compte sans trou,
    `empreinte` = SHA-256(empreinte précédente, contenu). Une ligne altérée ou ôtée rompt la chaîne (`verifier`) ; la
    dernière, que rien ne suit, est gardée par sa tête (`cnas_journal_tete`), écrite dans la même transaction.
    """

    _name = "cnas.journal"
    _inherit = ["cnas.garde.mixin"]
    _description = "Journal"
    _order = "id desc"
    _rec_name = "evenement"
    _log_access = False

    date = fields.Datetime(string="Le", required=True, readonly=True, index=True)
    user_id = fields.Many2one("res.users", string="Par", readonly=True, index=True, ondelete="restrict")
    modele = fields.Char(string="Objet", required=True, readonly=True)
    nom_objet = fields.Char(string="Objet en clair", compute="_compute_nom_objet")
    res_id = fields.Integer(string="Numéro de l'objet", readonly=True, group_operator=None)
    evenement = fields.Char(string="Événement", required=True, readonly=True, index="trigram")
    avant = fields.Json(string="Avant", readonly=True)
    apres = fields.Json(string="Après", readonly=True)
    motif = fields.Char(string="Motif", readonly=True)
    adresse = fields.Char(string="Adresse", readonly=True)
    rang = fields.Integer(string="Rang", readonly=True, group_operator=None)
    precedente = fields.Char(string="Empreinte précédente", readonly=True)
    empreinte = fields.Char(string="Empreinte", readonly=True)

    def init(self):
        super().init()
        self.env.cr.execute("""
            CREATE INDEX IF NOT EXISTS cnas_journal_objet ON cnas_journal (modele, res_id);
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_journal_rang ON cnas_journal (rang) WHERE rang IS NOT NULL;
            CREATE INDEX IF NOT EXISTS cnas_journal_debit ON cnas_journal (evenement, date);
            CREATE INDEX IF NOT EXISTS cnas_journal_a_sceller ON cnas_journal (id) WHERE empreinte IS NULL;
            CREATE TABLE IF NOT EXISTS cnas_journal_tete (rang int PRIMARY KEY);
            CREATE OR REPLACE FUNCTION cnas_journal_ajout_seul() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' AND OLD.empreinte IS NULL AND NEW.empreinte IS NOT NULL
                   AND to_jsonb(OLD) - '{rang,precedente,empreinte}'::text[]
                     = to_jsonb(NEW) - '{rang,precedente,empreinte}'::text[] THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'Le journal ne se modifie pas et ne s''efface pas.' USING ERRCODE = 'check_violation';
            END $$;
            DROP TRIGGER IF EXISTS cnas_journal_fige ON cnas_journal;
            CREATE TRIGGER cnas_journal_fige BEFORE UPDATE OR DELETE ON cnas_journal
                FOR EACH ROW EXECUTE FUNCTION cnas_journal_ajout_seul();
            DROP TRIGGER IF EXISTS cnas_journal_non_vide ON cnas_journal;
            CREATE TRIGGER cnas_journal_non_vide BEFORE TRUNCATE ON cnas_journal
                FOR EACH STATEMENT EXECUTE FUNCTION cnas_journal_ajout_seul();
        """)

    @api.depends("modele")
    def _compute_nom_objet(self):
        for ligne in self:
            ligne.nom_objet = self.env["ir.model"]._get(ligne.modele).name or ligne.modele

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        """Refusé à tous : seul le code ajoute, par `_ajouter`."""
        self.check_access_rights("create")
        raise UserError(_("Le journal ne s'écrit pas : il raconte ce que les actions ont fait."))

    def write(self, vals):
        """Refusé à tous, l'administrateur compris."""
        self.check_access_rights("write")
        raise UserError(_("Le journal ne se modifie pas."))

    def unlink(self):
        """Refusé à tous, l'administrateur compris."""
        self.check_access_rights("unlink")
        raise UserError(_("Le journal ne s'efface pas."))

    # ------------------------------------------------------------------ métier
    @api.model
    def _ajouter(self, lignes):
        """Ajoute des lignes, en une requête, dans la transaction en cours.

        :param lignes: [{"modele", "res_id", "evenement", "avant"?, "apres"?, "motif"?}]
        """
        if not lignes:
            return
        adresse = self._adresse()
        rangs = [(self.env.uid, ligne["modele"], ligne.get("res_id") or 0, ligne["evenement"],
                  _en_json(ligne.get("avant")), _en_json(ligne.get("apres")), ligne.get("motif") or None, adresse)
                 for ligne in lignes]
        self.env.cr.execute("""
            INSERT INTO cnas_journal (date, user_id, modele, res_id, evenement, avant, apres, motif, adresse)
            SELECT date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC'), v.*
              FROM unnest(%s::int[], %s::varchar[], %s::int[], %s::varchar[], %s::jsonb[], %s::jsonb[], %s::varchar[],
                          %s::varchar[]) AS v""", [list(colonne) for colonne in zip(*rangs)])
        # `data` est vidé à chaque validation ou annulation : une seule demande par transaction.
        if not self.env.cr.postcommit.data.get(VERROU):
            self.env.cr.postcommit.data[VERROU] = True
            self.env.cr.postcommit.add(functools.partial(_sceller_apres, self.env.registry))

    @api.model
    def _changements(self, modele, evenement, avant, apres):
        """Rend une ligne à ajouter par dossier qui a changé, avec ses seuls champs changés.

        :param dict avant: {id: {champ: valeur}} ; absent : il naît
        :param dict apres: de même ; absent : il disparaît
        """
        lignes = []
        for identifiant in {**avant, **apres}:
            vieux, neuf = avant.get(identifiant, {}), apres.get(identifiant, {})
            changes = [champ for champ in {**vieux, **neuf} if vieux.get(champ) != neuf.get(champ)]
            if changes:
                lignes.append({
                    "modele": modele, "res_id": identifiant, "evenement": evenement,
                    "avant": {champ: vieux[champ] for champ in changes if champ in vieux} or None,
                    "apres": {champ: neuf[champ] for champ in changes if champ in neuf} or None})
        return lignes

    @api.model
    def _ajouter_une_fois(self, ligne):
        """Ajoute une ligne à la validation, une seule fois par transaction : une lecture, un export.

        L'appel n'y gagne aucune requête ; ce qui s'annule n'a rien montré.
        """
        attente = self.env.cr.precommit.data.setdefault("cnas_journal_une_fois", {})
        if not attente:
            self.env.cr.precommit.add(self._verser)
        attente.setdefault((self.env.uid, _en_json(ligne)), (self, ligne))

    @api.model
    def _verser(self):
        """Inscrit les lignes en attente, chacune au nom de son auteur."""
        for journal, ligne in self.env.cr.precommit.data.pop("cnas_journal_une_fois", {}).values():
            journal._ajouter([ligne])

    # ------------------------------------------------------------------ débit
    @api.model
    def _exiger_debit(self, evenement):
        """Refuse au-delà du nombre d'événements par minute, de l'usager et de son adresse ; une requête.

        :raise UserError: trop de demandes ; le dépassement est au journal et chez les superviseurs
        """
        if self.env.uid == SUPERUSER_ID:
            return
        adresse, usager = self._adresse(), self.env.user
        public, portail = (usager.has_group(f"base.group_{groupe}") for groupe in ("public", "portal"))
        self.env.cr.execute("""
            SELECT count(*) FILTER (WHERE user_id = %s), count(*) FILTER (WHERE adresse = %s) FROM cnas_journal
             WHERE evenement = %s AND date > %s""", [
            usager.id, adresse, evenement, fields.Datetime.now() - relativedelta(minutes=1)])
        par_usager, par_adresse = self.env.cr.fetchone()
        parametres = self.env["cnas.parametre"]
        if public:
            trop = par_adresse >= parametres._au("debit_verification_publique")
        else:
            code = "debit_droits_formation" if portail else "debit_droits_agent"
            trop = par_usager >= parametres._au(code) or par_adresse >= parametres._au("debit_droits_adresse")
        if trop:
            # l'erreur annule d'ordinaire la transaction : l'alerte s'écrit après, dans la sienne
            alerte = functools.partial(_alerter, self.env.registry, self.env.uid, evenement, adresse)
            self.env.cr.postrollback.add(alerte)
            self.env.cr.postcommit.add(alerte)
            raise UserError(_("Trop de vérifications en une minute : attendez un peu, puis reprenez."))

    @api.model
    def _alerter_debit(self, evenement, adresse):
        """Note un dépassement et prévient chaque superviseur, une fois par jour et par usager."""
        usager, jour = self.env.user, aujourd_hui()
        self._ajouter([{"modele": "res.users", "res_id": usager.id, "evenement": "debit_depasse",
                        "apres": {"quoi": evenement, "adresse": adresse}}])
        journal = self.with_user(SUPERUSER_ID)
        superviseurs = journal.env.ref("cnas_base.group_superviseur").users
        resumes = {superviseur: dire_a(superviseur, journal, lambda self: _("Vérifications trop rapides : %s", usager.name)) for superviseur in superviseurs}
        avertis = journal.env["mail.activity"].search([
            ("user_id", "in", superviseurs.ids), ("summary", "in", [*resumes.values()]), ("date_deadline", "=", jour)]).user_id
        for superviseur in superviseurs - avertis:
            superviseur.partner_id.activity_schedule(
                "mail.mail_activity_data_warning", date_deadline=jour, user_id=superviseur.id, summary=resumes[superviseur])

    @api.model
    def _adresse(self):
        return appelant.adresse()

    @api.model
    def _sceller(self):
        """Enchaîne les lignes qui ne le sont pas encore, un seul écrivain à la fois."""
        cr = self.env.cr
        cr.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [VERROU])
        cr.execute(f"SELECT id, {', '.join(CHAMPS_SCELLES)} FROM cnas_journal WHERE empreinte IS NULL ORDER BY id")  # pylint: disable=sql-injection
        lignes = cr.fetchall()
        if not lignes:
            return
        cr.execute("SELECT rang, empreinte FROM cnas_journal WHERE rang IS NOT NULL ORDER BY rang DESC LIMIT 1")
        rang, precedente = cr.fetchone() or (0, "")
        scelles = []
        for identifiant, *contenu in lignes:
            rang, empreinte = rang + 1, _empreinte(precedente, contenu)
            scelles.append((identifiant, rang, precedente, empreinte))
            precedente = empreinte
        cr.execute("""
            UPDATE cnas_journal j SET rang = v.rang, precedente = v.precedente, empreinte = v.empreinte
              FROM unnest(%s::int[], %s::int[], %s::varchar[], %s::varchar[]) AS v (id, rang, precedente, empreinte)
             WHERE j.id = v.id""", [list(colonne) for colonne in zip(*scelles)])
        # Une ligne de plus, jamais une ligne changée : deux écrivains ne s'y disputent rien.
        cr.execute("INSERT INTO cnas_journal_tete (rang) VALUES (%s)", [rang])

    @api.model
    def verifier(self):
        """Relit toute la chaîne.

        :return: {"lignes": nombre, "intact": bool, "premiere_rupture": id de la première ligne fausse, de la dernière qui
            reste si la fin a été ôtée, ou False}
        :raise AccessError: rôle
        """
        if not (self.env.su or self.user_has_groups("cnas_base.group_superviseur,cnas_base.group_administrateur")):
            raise AccessError(_("Seul le rôle Superviseur ou Administrateur vérifie le journal."))
        self.env.flush_all()
        cr, rang, precedente, rupture, dernier = self.env.cr, 0, "", False, False
        while not rupture:
            cr.execute(f"""
                SELECT id, rang, precedente, empreinte, {', '.join(CHAMPS_SCELLES)}
                  FROM cnas_journal WHERE rang > %s ORDER BY rang LIMIT 20000""", [rang])
            lignes = cr.fetchall()
            if not lignes:
                break
            for identifiant, numero, avant, empreinte, *contenu in lignes:
                if (numero, avant) != (rang + 1, precedente) or empreinte != _empreinte(precedente, contenu):
                    rupture = identifiant
                    break
                rang, precedente, dernier = numero, empreinte, identifiant
        cr.execute("SELECT (SELECT count(*) FROM cnas_journal), (SELECT COALESCE(max(rang), 0) FROM cnas_journal_tete)")
        nombre, tete = cr.fetchone()
        intact = not rupture and rang >= tete
        return {"lignes": nombre, "intact": intact, "premiere_rupture": not intact and (rupture or dernier)}

    @api.model
    def _verifier_chaque_nuit(self):
        """Tâche planifiée, notée au journal ; une rupture se dit à celui du serveur et à chaque superviseur."""
        resultat = self.sudo().verifier()
        if resultat["intact"]:
            self.env.cr.execute("DELETE FROM cnas_journal_tete WHERE rang < (SELECT max(rang) FROM cnas_journal_tete)")
        self._ajouter([{"modele": self._name, "evenement": "verification", "apres": resultat}])
        if not resultat["intact"]:
            _logger.error("Journal rompu à la ligne %s", resultat["premiere_rupture"])
            for usager in self.env.ref("cnas_base.group_superviseur").users:
                usager.partner_id.activity_schedule(
                    "mail.mail_activity_data_warning", user_id=usager.id,
                    summary=dire_a(usager, self, lambda self: _("Journal altéré à la ligne %s", resultat["premiere_rupture"])))
        return resultat


def _alerter(registre, uid, evenement, adresse):
    with registre.cursor() as cr:
        api.Environment(cr, uid, {})["cnas.journal"]._alerter_debit(evenement, adresse)


def _sceller_apres(registre):
    """Scelle ce qui vient d'être validé, dans sa propre transaction : nul n'attend le travail d'un autre pour écrire le sien.

    Ce qu'une coupure laisse sans sceau est enchaîné avec la ligne suivante.
    """
    try:
        with registre.cursor() as cr:
            # La tête se lit après l'attente du verrou, non avant ; le sceau n'a pas à attendre le disque.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute("SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '5s'")
            api.Environment(cr, SUPERUSER_ID, {})["cnas.journal"]._sceller()
    except Exception:  # le fait est validé et sa ligne écrite : son sceau attendra le prochain
        _logger.info("Journal : sceau remis au prochain écrivain", exc_info=True)


def _en_json(valeur):
    return None if valeur is None else json.dumps(valeur, ensure_ascii=False, sort_keys=True, default=str)


def _empreinte(precedente, contenu):
    """Rend le sceau d'une ligne : SHA-256 de la précédente et du contenu, texte stable."""
    return hashlib.sha256(json.dumps([precedente, *contenu], ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()
